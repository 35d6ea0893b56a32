/**
 * Reads a command line by the table of commands. parseArgs of node:util tells flags, their values and
 * words apart; the table knows which of them belong to which command.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { SETTINGS } from '../compose/setting-table.ts'
import type { AnyGiven, Command } from './command.ts'
import { UsageError } from './errors.ts'
import { findCommands } from './find-commands.ts'
import { readArguments, readFlags } from './read-given.ts'
import { listed } from './usage.ts'

/** A question for the version. */
export interface VersionWanted {
  readonly version: true
}

/** A question for help. */
export interface HelpWanted {
  /** The words that help is wanted for: none, a group's, or a command's. */
  readonly about: string
  /** The commands that they name; all for none. */
  readonly commands: readonly Command[]
}

/** A command to run, with all it was given; its settings are still text. */
export interface Call extends Pick<AnyGiven, 'args' | 'flags'> {
  readonly command: Command
  /** Settings as `--name=value`. */
  readonly settings: readonly string[]
}

/** Tells flags and words apart, wherever they stand: a flag has one kind in the whole table. */
const tokensOf = (argv: readonly string[], table: readonly Command[]) => {
  const kinds: [name: string, placeholder: string | undefined][] = [
    ...Object.keys(SETTINGS).map((name): [string, string] => [name, 'VALUE']),
    ...table.flatMap(({ flags }) =>
      Object.entries(flags).map(([name, flag]): [string, string | undefined] => [
        name,
        flag.placeholder,
      ]),
    ),
  ]
  const options = kinds.map(
    ([name, value]) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const,
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(options),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  return {
    options: tokens.filter((token) => token.kind === 'option'),
    words: tokens.filter((token) => token.kind === 'positional').map(({ value }) => value),
  }
}

const asks = (options: readonly { readonly name: string }[], wanted: string): boolean =>
  options.some(({ name }) => name === wanted)

/**
 * Reads a command line.
 *
 * @param argv all after the program's name
 * @throws UsageError naming what is wrong, and what would be right where that can be told
 */
export const parse = (
  argv: readonly string[],
  table: readonly Command[],
): HelpWanted | VersionWanted | Call => {
  const { options, words } = tokensOf(argv, table)
  const forHelp = words[0] === 'help' || asks(options, 'help')
  if (!forHelp && (words[0] === 'version' || (words.length === 0 && asks(options, 'version')))) {
    return { version: true }
  }
  if (words[0] === 'help') words.shift()
  if (words.length === 0) {
    const [flag] = options
    if (forHelp || flag === undefined) return { about: '', commands: table }
    throw new UsageError(`${flag.rawName} needs a command to go with: see slipway --help`)
  }
  const { commands, used } = findCommands(words, table)
  const about = words.slice(0, used).join(' ')
  if (forHelp) return { about, commands }
  const [command] = commands
  if (command === undefined || command.name !== about) {
    const verbs = commands.map(({ name }) => name.slice(about.length + 1))
    throw new UsageError(`slipway ${about} needs ${listed(verbs)}: see slipway ${about} --help`)
  }
  const { flags, settings } = readFlags(command, options, table)
  return { command, args: readArguments(command, words.slice(used)), flags, settings }
}
