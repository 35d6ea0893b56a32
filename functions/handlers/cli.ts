#!/usr/bin/env -S node --max-semi-space-size=2
/**
 * The command line.
 *
 * @module
 */

import { DocumentError } from '../auth/document.ts'
import { ACCOUNTS_HELP, isAccountsCommand, runAccountsCommand } from '../cli/accounts-cli.ts'
import { SettingsError } from '../compose/errors.ts'
import { openStore } from '../compose/open-store.ts'
import { readSettings, settingsHelp } from '../compose/settings.ts'
import { startServer } from '../node/server.ts'
import { reindex } from '../registry/reindex.ts'
import { StoreError } from '../storage/errors.ts'

const HELP = `Slipway, a container registry.

Usage:
  slipway serve [settings]     serve the registry (npm start -- [settings])
  slipway reindex [settings]   build the lists of repositories and referrers anew, for a
                               store that distribution (registry:2) has filled
${ACCOUNTS_HELP}
  slipway --help

Settings, as flags or in the environment:
${settingsHelp()}

Credentials for S3 come from where the AWS SDK looks: AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine.
`

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const serve = async (args: readonly string[]): Promise<void> => {
  const running = await startServer(readSettings(args, process.env), process.env)
  const host = new URL(running.url).host
  say(`Slipway listens on ${running.url}. To try it:
  docker tag alpine ${host}/alpine && docker push ${host}/alpine
  docker pull ${host}/alpine`)
  if (running.open) say('It is open: whoever reaches it may push and delete. See slipway user add.')
  let stopping = false
  const stop = (): void => {
    // The second signal means it: requests under way are dropped.
    if (stopping) process.exit(1)
    stopping = true
    say('Stopping: requests under way are finished first.')
    void running.stop().then(() => process.exit(0))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

const rebuild = async (args: readonly string[]): Promise<void> => {
  const store = openStore(readSettings(args, process.env), process.env)
  const { repositories, manifests, referrers } = await reindex(store)
  say(`Indexed ${repositories} repositories, ${manifests} manifests, ${referrers} referrers.`)
}

const main = async ([command, ...args]: readonly string[]): Promise<void> => {
  if (
    command === undefined ||
    [command, ...args].some((arg) => ['--help', '-h', 'help'].includes(arg))
  ) {
    process.stdout.write(HELP)
    return
  }
  if (command === 'serve') return serve(args)
  if (command === 'reindex') return rebuild(args)
  if (isAccountsCommand(command)) return runAccountsCommand(command, args, process.env)
  throw new SettingsError(`there is no command ${JSON.stringify(command)}: see slipway --help`)
}

/** Failures a person can mend are one line; anything else shows where it came from. */
const explain = (error: unknown): string => {
  const kinds = [SettingsError, StoreError, DocumentError]
  if (error instanceof Error && kinds.some((kind) => error instanceof kind)) return error.message
  if (error instanceof Error && 'code' in error) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  say(`slipway: ${explain(error)}`)
  process.exitCode = 1
}
