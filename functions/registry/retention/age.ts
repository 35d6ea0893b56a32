/**
 * Ages in the rules.
 *
 * @module
 */

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 } as const

const isUnit = (text: string): text is keyof typeof UNITS => Object.hasOwn(UNITS, text)

/** Milliseconds of an age such as 90m, 12h, 30d, 8w or 1y; undefined for what is none. */
export const ageOf = (text: string): number | undefined => {
  const [, number, unit = ''] = text.match(/^(\d{1,5})([a-z])$/) ?? []
  return isUnit(unit) ? Number(number) * UNITS[unit] : undefined
}
