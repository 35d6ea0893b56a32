/**
 * What every endpoint answers, compared with what was recorded before: status, code, headers and calls
 * of S3, but not the words of messages. A difference is a change of behaviour: where it is meant,
 * `npx vitest run --project unit test/protocol --update` records it anew, and the commit says why.
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import { startServer } from '../../functions/node/server.ts'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { basic, writeDocuments } from '../access/rig.ts'
import { lambdaOf } from '../emulators/gateway/function.ts'
import { sendThrough } from '../emulators/gateway/gateway.ts'
import { GATEWAYS, type GatewayHabits, settingsFor } from '../emulators/gateway/habits.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { record, type Subject } from './record.ts'
import { CONTENT, OPEN, READ_ONLY, type Step, WITH_BASIC, WITH_TOKENS } from './steps.ts'

interface Opened {
  readonly subject: Subject
  /** Settings of its store in the environment. */
  close(): Promise<void>
}

const USERS = { alice: 'right horse', bob: 'battery' }
const POLICY = [
  { who: ['user:alice'], repositories: ['**'], actions: ['*'] },
  { who: ['user:bob'], repositories: ['app'], actions: ['pull'] },
] as const

const credentials = (user: string): string =>
  basic(user, (USERS as Readonly<Record<string, string>>)[user] ?? 'wrong')

/** Accounts and a policy; the same hashes each time cost the same calls. */
const setUp = (store: ObjectStore): Promise<unknown> =>
  writeDocuments(store, { users: USERS, policy: POLICY }, Date.now())

const serve = async (env: Readonly<Record<string, string>>, args: readonly string[]) => {
  const settings = readSettings(['--listen=127.0.0.1:0', '--log-level=silent', ...args], env)
  const server = await startServer(settings, env)
  const agent = createAgent()
  return {
    send: (sent: Parameters<Subject['send']>[0]) => sendOver(agent, server.url, sent),
    async stop() {
      agent.destroy()
      await server.stop()
    },
  }
}

const onS3 = async (args: readonly string[], accounts = false): Promise<Opened> => {
  const { server, env } = await startBucket()
  const { bucket, endpoint, region } = server
  if (accounts) {
    await setUp(
      createS3Store({
        bucket,
        prefix: 'registry',
        endpoint,
        region,
        forcePathStyle: true,
        partChecksums: false,
      }),
    )
  }
  const { send, stop } = await serve(env, args)
  const calls = () => {
    const { counts } = server.counter
    server.counter.reset()
    return counts
  }
  return {
    subject: { send, calls, credentials },
    async close() {
      await stop()
      await server.close()
    },
  }
}

const onFiles = async (args: readonly string[]): Promise<Opened> => {
  const { path, remove } = await temporaryDirectory()
  const { send, stop } = await serve({ SLIPWAY_STORE: `file:${path}` }, args)
  return {
    subject: { send, credentials },
    async close() {
      await stop()
      await remove()
    },
  }
}

const onLambda = async (habits: GatewayHabits): Promise<Opened> => {
  const { server, env } = await startBucket()
  const invoke = lambdaOf(createHandler({ ...env, ...settingsFor(habits) }))
  const calls = () => {
    const { counts } = server.counter
    server.counter.reset()
    return counts
  }
  return {
    subject: { send: (sent) => sendThrough({ invoke, habits }, sent), calls },
    close: () => server.close(),
  }
}

const SETUPS: readonly (readonly [
  name: string,
  open: () => Promise<Opened>,
  steps: readonly Step[],
])[] = [
  ['s3-redirects', () => onS3(['--auth=off']), OPEN],
  ['s3-direct', () => onS3(['--auth=off', '--redirects=off']), CONTENT],
  ['files', () => onFiles(['--auth=off']), OPEN],
  ['files-read-only', () => onFiles(['--auth=off', '--read-only=on']), READ_ONLY],
  ['s3-tokens', () => onS3(['--auth=token'], true), WITH_TOKENS],
  ['s3-basic', () => onS3(['--auth=basic'], true), WITH_BASIC],
  ['lambda', () => onLambda(GATEWAYS['length kept']), OPEN],
  ['lambda-length-zero', () => onLambda(GATEWAYS['length zero, challenge renamed']), CONTENT],
]

describe('responses are as recorded', () => {
  // What is remembered for seconds is remembered throughout: the calls are the same on a busy machine.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }))
  afterEach(() => void vi.useRealTimers())

  for (const [name, open, steps] of SETUPS) {
    test(name, async () => {
      const { subject, close } = await open()
      try {
        await expect(await record(subject, steps)).toMatchFileSnapshot(`recorded/${name}.txt`)
      } finally {
        await close()
      }
    })
  }
})
