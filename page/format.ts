/**
 * Numbers, times and digests as people read them.
 *
 * @module
 */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** As in `12.3 MiB`. */
export const bytes = (count: number): string => {
  let value = count
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

const STEPS: readonly (readonly [seconds: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [7, 'day'],
  [4.35, 'week'],
  [12, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'medium' })

/** As in `3 days ago`. */
export const ago = (date: string, now: number = Date.now()): string => {
  const seconds = Math.min(0, (Date.parse(date) - now) / 1000)
  if (Number.isNaN(seconds)) return 'unknown'
  return seconds > -45 ? 'just now' : distance(seconds)
}

/** As in `in 3 months`; of what is over, as {@link ago}. */
export const until = (date: string, now: number = Date.now()): string => {
  const seconds = (Date.parse(date) - now) / 1000
  return seconds > 0 ? distance(seconds) : ago(date, now)
}

/** @param seconds of what is over, less than nothing */
const distance = (seconds: number): string => {
  let value = seconds
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) < size) return relative.format(Math.round(value), unit)
    value /= size
  }
  return 'long ago'
}

/** A time in full. */
export const moment = (date: string): string =>
  Number.isNaN(Date.parse(date)) ? date : absolute.format(new Date(date))

/** A digest's first characters, enough to tell it from others. */
export const short = (digest: string): string => {
  const [algorithm, hex = ''] = digest.split(':')
  return `${algorithm === 'sha256' ? '' : `${algorithm}:`}${hex.slice(0, 12)}`
}

export const percent = (part: number, whole: number): string =>
  whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(part / whole < 0.1 ? 1 : 0)} %`

/** A caller without its kind, as in `alice` of `user:alice`. */
export const caller = (name: string): string => name.replace(/^[a-z]+:/, '')

/** As in `1 tag`, `12 tags`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${new Intl.NumberFormat('en').format(count)} ${count === 1 ? one : many}`

/** A step of a build without what the builder wraps around it. */
export const command = (by: string): string =>
  by
    .replace(/^\/bin\/sh -c #\(nop\)\s*/, '')
    .replace(/^(?:RUN )?\/bin\/sh -c /, 'RUN ')
    .replace(/\s*# buildkit$/, '')
    .trim()
