/**
 * Checks what a command was given against its entry in the table.
 *
 * @module
 */

import { nearest } from '../shared/nearest.ts'
import type { AnyGiven, Command } from './command.ts'
import { UsageError } from './errors.ts'
import { listed, usageOf } from './usage.ts'

/** A flag as it was given. */
export interface GivenFlag {
  readonly name: string
  /** As it was written: `--name`, or `-n`. */
  readonly rawName: string
  readonly value?: string | undefined
  /** Whether the value was written `--name=value`. */
  readonly inlineValue?: boolean | undefined
}

const takes = ({ flags, settings }: Command, name: string): boolean =>
  Object.hasOwn(flags, name) || settings.some((setting) => setting === name)

const noSuchFlag = (command: Command, { name, rawName }: GivenFlag, table: readonly Command[]) => {
  if (name === 'registry' && command.on === 'store') {
    return new UsageError(
      `slipway ${command.name} works on the store alone: it cannot be done from afar, with ${rawName}`,
    )
  }
  const near = nearest(name, [...Object.keys(command.flags), ...command.settings])
  const others = table.filter((each) => takes(each, name)).map((each) => `slipway ${each.name}`)
  const hint =
    others.length > 0
      ? `it is a flag of ${listed(others.slice(0, 2), 'and')}`
      : near === undefined
        ? `see slipway ${command.name} --help`
        : `did you mean --${near}?`
  return new UsageError(`slipway ${command.name} has no flag ${rawName}: ${hint}`)
}

/** The text of a flag that has a value. @throws UsageError without one, or where it is another flag */
const textOf = ({ rawName, value, inlineValue }: GivenFlag): string => {
  if (value !== undefined && (inlineValue || !value.startsWith('--'))) return value
  const why = value === undefined ? '' : `, and ${value.split('=')[0]} looks like a flag`
  throw new UsageError(`${rawName} needs a value${why}`)
}

/**
 * Checks flags; of one that was given twice, the last counts, unless it can be given several times.
 *
 * @param table all commands, to say which has a flag that this one has not
 * @returns values of the command's flags, and settings as `--name=value`
 * @throws UsageError naming the flag
 */
export const readFlags = (
  command: Command,
  given: readonly GivenFlag[],
  table: readonly Command[],
): { readonly flags: AnyGiven['flags']; readonly settings: readonly string[] } => {
  const texts = new Map<string, string | string[]>()
  const settings: string[] = []
  for (const flag of given) {
    if (!takes(command, flag.name)) throw noSuchFlag(command, flag, table)
    const own = command.flags[flag.name]
    if (own === undefined) settings.push(`--${flag.name}=${textOf(flag)}`)
    else if (own.many) texts.set(flag.name, [texts.get(flag.name) ?? [], textOf(flag)].flat())
    else if (own.placeholder !== undefined) texts.set(flag.name, textOf(flag))
    else if (flag.value === undefined) texts.set(flag.name, 'on')
    else throw new UsageError(`${flag.rawName} takes no value`)
  }
  const flags = Object.entries(command.flags).map(([name, { schema }]) => {
    const { data, error } = schema.safeParse(texts.get(name))
    if (error === undefined) return [name, data]
    const why = error.issues[0]?.message
    throw new UsageError(`--${name} is ${JSON.stringify(texts.get(name))}: ${why}`)
  })
  return { flags: Object.fromEntries(flags), settings }
}

/**
 * Gives words to the arguments.
 *
 * @throws UsageError with the usage; never with a word in it, which may be a password
 */
export const readArguments = (command: Command, words: readonly string[]): AnyGiven['args'] => {
  const rest = [...words]
  const wrong = (why: string): UsageError =>
    new UsageError(`${why}: usage: ${usageOf(command)} [flags]`)
  const args = Object.entries(command.args).map(([name, count]) => {
    const taken = rest.splice(0, count === 'one' ? 1 : rest.length)
    if (taken.length === 0 && count !== 'any') throw wrong(`<${name}> is missing`)
    return [name, count === 'one' ? taken[0]! : taken]
  })
  if (rest.length > 0) throw wrong('too many arguments')
  return Object.fromEntries(args)
}
