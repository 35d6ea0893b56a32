/**
 * How long to wait after failures.
 *
 * @module
 */

const FIRST = 1_000
const MOST = 600_000

/**
 * Milliseconds after so many failures: a second or so, each time twice that, up to ten minutes. Half of it is random,
 * so that several servers, or lanes, do not come at once.
 *
 * @param failures 1 or more
 */
export const backOff = (failures: number, random: () => number = Math.random): number => {
  const full = Math.min(FIRST * 2 ** (failures - 1), MOST)
  return full / 2 + (full / 2) * random()
}
