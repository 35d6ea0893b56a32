/**
 * Paths as the client wrote them.
 *
 * @module
 */

/** A segment that `URL` takes out of a path together with the one before it. */
const DOTS = /(?<=\/)(?:\.|%2e){1,2}(?=\/|$)/gi

/**
 * A path that `URL` leaves as it is. It would resolve `a/../b` to `b` and take `\` for `/`, so that a
 * push to a malformed name went to another repository; escaped, the name arrives and is refused.
 *
 * @param path without a query
 */
export const literalPath = (path: string): string =>
  path.replaceAll('\\', '%5C').replace(DOTS, (dots) => dots.replace(/\.|%2e/gi, '%252e'))
