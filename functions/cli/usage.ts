/**
 * How commands and flags are written, in help and in messages.
 *
 * @module
 */

import type { Command } from './command.ts'
import type { Flag } from './flags.ts'

const ARGUMENT = {
  one: (name: string) => `<${name}>`,
  some: (name: string) => `<${name}>...`,
  any: (name: string) => `[<${name}>...]`,
} as const

/** A flag with what stands for its value, such as `--keep TIME`. */
export const flagUsage = (name: string, { placeholder }: Pick<Flag<unknown>, 'placeholder'>) =>
  placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`

/** A command with its arguments, such as `slipway group add <group> <member>...`. */
export const usageOf = ({ name, args }: Pick<Command, 'name' | 'args'>): string =>
  ['slipway', name, ...Object.entries(args).map(([arg, count]) => ARGUMENT[count](arg))].join(' ')

/** Words as a sentence lists them: `a`, `a or b`, `a, b or c`. */
export const listed = (words: readonly string[], last = 'or'): string =>
  words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${last} ${words[words.length - 1]}`
