/**
 * Times as Go writes them.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
}

/** Seconds of a time such as `1m30s` or `500ms`; a number alone is of nanoseconds. Undefined for anything else. */
export const secondsOf = (text: string): number | undefined => {
  if (/^\d+$/.test(text)) return Number(text) * 1e-9
  if (!/^(?:[\d.]+(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  const parts = text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0)
}
