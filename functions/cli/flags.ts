/**
 * Kinds of flags that commands have beside their settings.
 *
 * @module
 */

import * as z from '../shared/schema.ts'

/** A flag of a command. */
export interface Flag<T> {
  /** What stands for its value in help; a flag without one is a switch. */
  readonly placeholder?: string
  /** Whether it can be given several times; `schema` then gets a list of texts. */
  readonly many?: true
  /** Checks the text that is given, `on` for a switch, and makes the value; of `undefined`, the default. */
  readonly schema: z.ZodMiniType<T>
  /** What it is when it is not given, for people; nothing for what goes without saying. */
  readonly value?: string
  readonly help: string
}

/** A flag that is given or not. */
export const switchFlag = (help: string): Flag<boolean> => ({
  schema: z.converted(z.optional(z.literal('on')), (given) => given !== undefined),
  help,
})

/** A flag with any text for its value. @param value see `Flag.value` */
export const textFlag = (
  placeholder: string,
  help: string,
  value?: string,
): Flag<string | undefined> => ({
  placeholder,
  schema: z.optional(z.string().check(z.minLength(1, 'expected something'))),
  help,
  ...(value === undefined ? {} : { value }),
})

/** A flag with the name of somebody, which stands in one line of a list. @param value see `Flag.value` */
export const nameFlag = (help: string, value: string): Flag<string | undefined> => ({
  placeholder: 'NAME',
  schema: z.optional(
    z
      .string()
      .check(z.regex(/^[^\p{C}]{1,200}$/u, 'expected at most 200 characters without control ones')),
  ),
  value,
  help,
})

/** A flag that is given once or several times, each time with any text for its value. */
export const listFlag = (placeholder: string, help: string): Flag<readonly string[]> => ({
  placeholder,
  many: true,
  schema: z._default(z.array(z.string()), []),
  help,
})

/** A flag with one of some words for its value. @param value the default */
export const choiceFlag = <const T extends string>(
  words: readonly T[],
  value: NoInfer<T>,
  help: string,
): Flag<T> => ({
  placeholder: words.join('|'),
  schema: z._default(
    z.enum(words, `expected ${words.join(' or ')}`),
    value as never,
  ) as z.ZodMiniType<T>,
  value,
  help,
})

/** A flag with a count for its value. @param value what it is without it, for people */
export const countFlag = (value: string, help: string): Flag<number | undefined> => ({
  placeholder: 'COUNT',
  schema: z.converted(z.optional(z.string()), (text, refuse) => {
    if (text === undefined) return undefined
    if (/^\d{1,9}$/.test(text)) return Number(text)
    return refuse('expected a whole number')
  }),
  value,
  help,
})

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, y: 31_536_000 }
/** Longest time in milliseconds: a hundred years. */
const LONGEST = 100 * 31_536_000_000

/** What a time such as `90d`, `12h`, `30m`, `1y` or `0` is in milliseconds, or undefined. */
const millisecondsOf = (text: string): number | undefined => {
  const [, count, unit = 'd'] = text.match(/^(?:(\d{1,6})([mhdy])|0)$/) ?? []
  const milliseconds = text === '0' ? 0 : Number(count) * 1000 * UNITS[unit]!
  return milliseconds <= LONGEST ? milliseconds : undefined
}

/** A flag with a time for its value, in milliseconds. @param value the default */
export const spanFlag = (value: string, help: string): Flag<number> => ({
  placeholder: 'TIME',
  schema: z.converted(z._default(z.string(), value), (text, refuse) => {
    const milliseconds = millisecondsOf(text)
    if (milliseconds !== undefined) return milliseconds
    return refuse('expected a time, as in 90d, 12h or 30m')
  }),
  value,
  help,
})

/** How long something lives, in milliseconds, or null for ever. @param value the default */
export const lifetimeFlag = (value: string, help: string): Flag<number | null> => ({
  placeholder: 'TIME|never',
  schema: z.converted(z._default(z.string(), value), (text, refuse) => {
    if (text === 'never') return null
    const milliseconds = millisecondsOf(text)
    if (milliseconds) return milliseconds
    return refuse(
      milliseconds === 0
        ? 'it would expire at once'
        : 'expected a time, as in 90d, 12h or 30m, or never',
    )
  }),
  value,
  help,
})
