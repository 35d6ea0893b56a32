/**
 * What the administrator's commands have in common: their arguments, and what they work with.
 *
 * @module
 */

import { MAX_AGE } from '../auth/live.ts'
import { SettingsError } from '../compose/errors.ts'
import type { ObjectStore } from '../storage/store.ts'

/** What a command works with; nothing else reaches outside. */
export interface CommandContext {
  readonly store: ObjectStore
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Writes a line of the result, to standard output. */
  readonly print: (line: string) => void
  /** Writes a line for the person, to standard error. */
  readonly say: (line: string) => void
  /** A new password, asked for or piped in. */
  readonly readPassword: (fromStdin: boolean) => Promise<string>
  /** A file's text; `-` is standard input. */
  readonly readFile: (path: string) => Promise<string>
}

/** Arguments of a command, divided. */
export interface Arguments {
  /** Words that are no flags, in order. */
  readonly words: readonly string[]
  /** The command's own flags; one without a value is `on`. */
  readonly flags: ReadonlyMap<string, string>
  /** Settings, for `readSettings`. */
  readonly settings: readonly string[]
}

/** Flags of a command by name, with whether a value follows. */
export type FlagKinds = Readonly<Record<string, 'value' | 'switch'>>

/**
 * Divides arguments. Flags that are not the command's own are settings, which all have a value.
 *
 * @throws SettingsError for a flag without its value or with one it cannot have
 */
export const divideArguments = (args: readonly string[], own: FlagKinds): Arguments => {
  const words: string[] = []
  const flags = new Map<string, string>()
  const settings: string[] = []
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name, given] = arg.match(/^--([^=]+)(?:=(.*))?$/s) ?? []
    if (name === undefined) words.push(arg)
    else if (!Object.hasOwn(own, name)) {
      const value = given === undefined ? rest.splice(0, 1) : []
      settings.push(arg, ...value)
    } else if (own[name] === 'switch') {
      if (given !== undefined) throw new SettingsError(`--${name} takes no value`)
      flags.set(name, 'on')
    } else {
      const value = given ?? rest.shift()
      if (value === undefined) throw new SettingsError(`--${name} needs a value`)
      flags.set(name, value)
    }
  }
  return { words, flags, settings }
}

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, y: 31_536_000 }
/** Longest life of a secret in milliseconds: a hundred years. */
const LONGEST = 100 * 31_536_000_000

/**
 * Reads a span of time such as `90d`, `12h`, `30m`, `1y` or `0`, in milliseconds.
 *
 * @throws SettingsError naming the flag
 */
export const readSpan = (flag: string, text: string): number => {
  const [, count, unit = 'd'] = text.match(/^(?:(\d{1,6})([mhdy])|0)$/) ?? []
  const span = text === '0' ? 0 : Number(count) * 1000 * UNITS[unit]!
  if (span <= LONGEST) return span
  throw new SettingsError(
    `--${flag} is ${JSON.stringify(text)}: expected a time as 90d, 12h or 30m`,
  )
}

/**
 * Checks the number of words.
 *
 * @throws SettingsError with the usage; never with a word in it, which may be a password
 */
export const expectWords = (
  usage: string,
  words: readonly string[],
  least: number,
  most = least,
): void => {
  if (words.length >= least && words.length <= most) return
  throw new SettingsError(
    `usage: slipway ${usage} (${words.length < least ? 'something is missing' : 'there is more'})`,
  )
}

/** Said after every change. */
export const SEEN_WITHIN = `Running registries see it within ${MAX_AGE / 1000 + 10} seconds.`
