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

/** The first behaviour whose pattern matches, in the order of the configuration. */
export const behaviourFor = (behaviours: readonly Behaviour[], path: string): Behaviour => {
  const found = behaviours.find(
    ({ pattern }) => pattern === undefined || regular(pattern).test(path),
  )
  if (found === undefined) throw new Error('a distribution has a default behaviour')
  return found
}
