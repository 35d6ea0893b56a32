/**
 * Bytes as people write and read them.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}

/** Bytes in a text such as `50 GB` or `1.5 TiB`; undefined when it says none. */
export const bytesOf = (text: string): number | undefined => {
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]{1,3})$/.exec(text) ?? []
  const bytes = Math.round(
    Number(number) * (Object.hasOwn(UNITS, unit) ? UNITS[unit]! : Number.NaN),
  )
  return number !== '' && Number.isSafeInteger(bytes) ? bytes : undefined
}

const SCALE = ['kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes for people, in decimal units: `49.8 GB`. */
export const sayBytes = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} bytes`
  let at = -1
  let value = bytes
  while (value >= 999.95 && at < SCALE.length - 1) {
    value /= 1000
    at += 1
  }
  return `${value.toFixed(1)} ${SCALE[at]}`
}
