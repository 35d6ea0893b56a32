/**
 * The command line, from its words to an exit code.
 *
 * @module
 */

import { EdgeCacheError, SettingsError } from '../compose/errors.ts'
import { readSomeSettings } from '../compose/settings.ts'
import { StartError } from '../node/errors.ts'
import { DocumentError } from '../shared/errors.ts'
import { StoreError } from '../storage/errors.ts'
import { TransferError } from '../transfer/errors.ts'
import { CommandError, UsageError } from './errors.ts'
import { harmless, withHarmlessLines } from './harmless.ts'
import type { Io } from './io.ts'
import { refuseTakenFlags } from './npm-flags.ts'
import { parse } from './parse.ts'
import { placeOf } from './place.ts'
import { COMMANDS, GROUPS } from './table/commands.ts'

/**
 * Runs a command line.
 *
 * @param argv all after the program's name
 * @returns the exit code of a command that ended well, 0 unless it has one of its own
 * @throws UsageError for a command line that is wrong, SettingsError for a setting, CommandError when
 *   the command cannot do it, and what the layers below throw
 */
export const runCommand = async (argv: readonly string[], io: Io): Promise<number> => {
  await refuseTakenFlags(io, COMMANDS)
  const parsed = parse(argv, COMMANDS)
  if ('about' in parsed) {
    const { helpText } = await import('./help.ts')
    io.print(helpText(parsed, GROUPS))
    return 0
  }
  if ('version' in parsed) {
    const { VERSION } = await import('./version.ts')
    io.print(`slipway ${VERSION}`)
    return 0
  }
  const { command, args, flags } = parsed
  const registry = placeOf(parsed, io.env)
  // What the environment says of a store is nothing to a registry.
  const wanted = registry === undefined ? command.settings : []
  const settings = readSomeSettings(wanted, parsed.settings, io.env)
  return command.run(withHarmlessLines(io), { args, flags, settings, registry })
}

/** Failures that a person can mend are one line; anything else shows where it came from. */
const explain = (error: unknown): string => {
  const kinds = [
    CommandError,
    SettingsError,
    StoreError,
    DocumentError,
    StartError,
    TransferError,
    EdgeCacheError,
  ]
  if (!(error instanceof Error)) return String(error)
  if (kinds.some((kind) => error instanceof kind) || 'code' in error) return error.message
  return error.stack ?? error.message
}

/**
 * Runs a command line, and says in a line what went wrong.
 *
 * @returns the exit code: 0 done, 1 failed, 2 the command line or a setting is wrong
 */
export const main = async (argv: readonly string[], io: Io): Promise<number> => {
  try {
    return await runCommand(argv, io)
  } catch (error) {
    io.say(`slipway: ${harmless(explain(error))}`)
    return error instanceof UsageError || error instanceof SettingsError ? 2 : 1
  }
}
