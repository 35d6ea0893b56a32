/**
 * Paths as the client wrote them.
 *
 * @module
 */

/** A segment that `URL` removes from a path, together with the one before it. */
const DOTS = /(?<=\/)(?:\.|%2e){1,2}(?=\/|$)/gi

/**
 * Escapes a path so that `URL` leaves it as it is. Otherwise `a/../b` would become `b` and `\` would
 * become `/`, and a push to a malformed name would go to another repository. Escaped, the name is seen
 * as it was sent, and refused.
 *
 * @param path without a query
 */
export const literalPath = (path: string): string =>
  path.replaceAll('\\', '%5C').replace(DOTS, (dots) => dots.replace(/\.|%2e/gi, '%252e'))
