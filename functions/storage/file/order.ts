/**
 * The order of keys.
 *
 * @module
 */

/**
 * UTF-16 sorts surrogates before U+E000 to U+FFFF; in UTF-8 the characters they encode come after.
 */
const rank = (unit: number): number => {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Compares two well-formed strings by their UTF-8 bytes, for sorting. */
export const compareUtf8 = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const difference = rank(a.charCodeAt(at)) - rank(b.charCodeAt(at))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
