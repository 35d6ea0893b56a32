/**
 * A current LocalStack in docker, from test/aws/compose.yaml, with the token of whoever runs it.
 *
 * @module
 */

import { join } from 'node:path'
import { type Emulator, runningEmulator } from '../../aws/support/emulator.ts'
import { projectRoot, run } from '../../support/live/process.ts'

const COMPOSE = [
  ...['compose', '--file', join(projectRoot, 'test/aws/compose.yaml')],
  ...['--project-name', 'slipway-localstack', '--profile', 'localstack'],
]

/** Docker's own settings, such as where its daemon is. */
const dockerEnv = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[0].startsWith('DOCKER_') && entry[1] !== undefined,
    ),
  )

/** Starts it, or takes the one that AWS_ENDPOINT_URL names. */
export const startLatestLocalStack = async (): Promise<Emulator> => {
  const named = process.env.AWS_ENDPOINT_URL
  if (named) return runningEmulator(named.replace(/\/$/, ''))
  const docker = (...args: string[]) =>
    run('docker', [...COMPOSE, ...args], { env: dockerEnv(), timeout: 600_000 })
  await docker('up', '--detach', '--wait')
  const emulator = runningEmulator('http://127.0.0.1:4566')
  return {
    ...emulator,
    close: async () => void (await docker('down', '--volumes', '--timeout', '5')),
  }
}
