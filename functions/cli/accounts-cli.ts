/**
 * The administrator's part of the command line: accounts, the policy, other issuers and keys, on any
 * store, whether registries run over it or not.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { SettingsError } from '../compose/errors.ts'
import { openStore } from '../compose/open-store.ts'
import { readSettings } from '../compose/settings.ts'
import { groupCommand, robotCommand, userCommand } from './account-commands.ts'
import { type CommandContext, divideArguments, type FlagKinds } from './command.ts'
import { issuersCommand } from './issuer-commands.ts'
import { keysCommand } from './key-commands.ts'
import { readPassword } from './password-prompt.ts'
import { policyCommand } from './policy-commands.ts'

/** Usage lines for `--help`. */
export const ACCOUNTS_HELP = `  slipway user add|passwd <name> [--password-stdin] [settings]
  slipway user remove <name> | list [settings]
                               people; without --password-stdin the password is asked for
  slipway robot add <name> [--expires 90d|never] [settings]
  slipway robot rotate <name> [--expires 90d|never] [--keep 1d] [settings]
  slipway robot remove <name> | list [settings]
                               machines, which log in as robot+<name>; add and rotate print a
                               new secret, once; rotate lets the others live on for --keep
  slipway group add <group> <member>... [settings]
  slipway group remove <group> [<member>...] | list [settings]
  slipway policy check <file> | set <file> | show [settings]
                               who may do what; <file> may be - for standard input
  slipway issuers check <file> | set <file> | show [settings]
                               others whose tokens are accepted: token servers, OIDC
  slipway keys list | rotate [--revoke] | certificates [--expires 10y] [settings]
                               keys in the store that tokens are signed with; --revoke ends
                               all there were, and with them every token`

type Command = (
  context: CommandContext,
  words: readonly string[],
  flags: ReadonlyMap<string, string>,
) => Promise<void>

const COMMANDS: Readonly<Record<string, Command>> = {
  user: userCommand,
  robot: robotCommand,
  group: groupCommand,
  policy: policyCommand,
  issuers: issuersCommand,
  keys: keysCommand,
}

const FLAGS: FlagKinds = {
  'password-stdin': 'switch',
  expires: 'value',
  keep: 'value',
  revoke: 'switch',
}

/** Which of them a command takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  'user add': ['password-stdin'],
  'user passwd': ['password-stdin'],
  'robot add': ['expires'],
  'robot rotate': ['expires', 'keep'],
  'keys rotate': ['revoke'],
  'keys certificates': ['expires'],
}

/** Whether this is one of the commands here. */
export const isAccountsCommand = (command: string): boolean => Object.hasOwn(COMMANDS, command)

/**
 * Runs a command. Results go to standard output, remarks to standard error.
 *
 * @throws SettingsError for wrong arguments, DocumentError for documents that are not as they must
 *   be, StoreError when the store fails
 */
export const runAccountsCommand = async (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> => {
  const { words, flags, settings } = divideArguments(args, FLAGS)
  const verb = `${command} ${words[0] ?? ''}`
  for (const flag of flags.keys()) {
    if (!TAKES[verb]?.includes(flag)) {
      throw new SettingsError(`slipway ${verb} has no flag --${flag}: see slipway --help`)
    }
  }
  const read = readSettings(settings, env)
  if (command === 'keys' && read['signing-key'] !== undefined) {
    throw new SettingsError(
      '--signing-key is set: tokens are signed with keys that are not in the store',
    )
  }
  const context: CommandContext = {
    store: openStore(read, env),
    now: Date.now,
    print: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    readPassword: (fromStdin) =>
      readPassword({ input: process.stdin, output: process.stderr }, fromStdin),
    readFile: (path) => (path === '-' ? text(process.stdin) : readFile(path, 'utf8')),
  }
  await COMMANDS[command]!(context, words, flags)
}
