/**
 * The first of many in an order, without sorting them all.
 *
 * @module
 */

/** What collects them. */
export interface Best<T> {
  /** Whether one could be among them yet. No is certain. */
  mayEnter(one: T): boolean
  add(one: T): void
  /** Those that are, in order. */
  all(): readonly T[]
}

/** @param compare as for `sort` */
export const createBest = <T>(limit: number, compare: (a: T, b: T) => number): Best<T> => {
  const kept: T[] = []
  let worst: T | undefined
  const prune = (): void => {
    kept.sort(compare)
    if (kept.length < limit) return
    kept.length = limit
    worst = kept.at(-1)
  }
  return {
    mayEnter: (one) => worst === undefined || compare(one, worst) < 0,
    add(one) {
      kept.push(one)
      if (kept.length >= 2 * limit + 64) prune()
    },
    all() {
      prune()
      return kept
    },
  }
}
