/**
 * How long a response waits for its spans on hosts that stand still as soon as it is there. Spans that are not sent by
 * then wait in memory for the next requests.
 *
 * @module
 */

/** Most milliseconds that a response waits. */
export const PATIENCE = 500

/** Milliseconds in which no other waits after one has waited in vain: a collector that is slow now is so a while. */
export const REST = 30_000

/**
 * @param send sends what there is
 * @param now clock in milliseconds
 * @returns a function that does so within {@link PATIENCE}, and never fails
 */
export const withPatience = (
  send: () => Promise<void>,
  now: () => number = () => performance.now(),
): (() => Promise<void>) => {
  let next = Number.NEGATIVE_INFINITY
  return async () => {
    if (now() < next) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      next = now() + REST
      late.resolve()
    }, PATIENCE)
    // What is lost, the log has.
    await Promise.race([send().catch(() => {}), late.promise])
    clearTimeout(timer)
  }
}
