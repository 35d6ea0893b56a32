/**
 * Operations that a request still may make.
 *
 * @module
 */

/** Takes operations as long as there are some. */
export interface Calls {
  /** @returns false where there are not so many left: then none is taken */
  take(count?: number): boolean
}

/** So many operations. */
export const callsLeft = (most: number): Calls => {
  let left = most
  return {
    take(count = 1) {
      if (count > left) return false
      left -= count
      return true
    },
  }
}

/** The first of some things, as many as there are operations left, each of one. */
export const takeEach = <T>(items: Iterable<T>, calls: Calls): T[] => {
  const taken: T[] = []
  for (const item of items) {
    if (!calls.take()) break
    taken.push(item)
  }
  return taken
}
