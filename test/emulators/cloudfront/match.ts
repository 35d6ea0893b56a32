/**
 * Which behaviour is for a path.
 *
 * @module
 */

import type { Behaviour } from './config.ts'

/** `*` is any number of characters, `?` one, all others themselves: "Path pattern". */
const regular = (pattern: string): RegExp => {
  const escaped = pattern.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
}

/**
 * A path as it is compared with patterns. "CloudFront normalizes URI paths consistent with RFC 3986 and then matches the
 * path with the correct cache behavior. Once the cache behavior is matched, CloudFront sends the raw URI path to the
 * origin", and several slashes or dots are taken out: "Path pattern".
 */
const normalized = (path: string): string => {
  const unreserved = path.replaceAll(/%[0-9a-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : code
  })
  return new URL(unreserved.replaceAll(/\/+/g, '/'), 'http://edge').pathname
}

/** The first behaviour whose pattern matches, in the order of the configuration. */
export const behaviourFor = (behaviours: readonly Behaviour[], path: string): Behaviour => {
  const compared = normalized(path)
  const found = behaviours.find(
    ({ pattern }) => pattern === undefined || regular(pattern).test(compared),
  )
  if (found === undefined) throw new Error('a distribution has a default behaviour')
  return found
}
