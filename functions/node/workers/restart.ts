/**
 * When a worker that has ended is started again.
 *
 * @module
 */

/** Milliseconds until the next one starts. */
export const SOON = 100
/** The same after one that did not live for {@link STEADY}; each further one waits twice as long. */
const FIRST = 1000
const LONGEST = 30_000
/** Milliseconds that a worker lives unless something is wrong with all of them. */
const STEADY = 60_000

/**
 * Milliseconds to wait.
 *
 * @param before what the one that has ended had waited
 * @param lived milliseconds
 */
export const restartDelay = (before: number, lived: number): number => {
  if (lived >= STEADY || before === 0) return SOON
  return Math.min(Math.max(FIRST, before * 2), LONGEST)
}
