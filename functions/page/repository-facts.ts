/**
 * What a listing says of a repository where there is no index: how many tags it has, and when the latest was set. Remembered
 * for a while.
 *
 * @module
 */

import { CURRENT_LINK, tagsPrefix } from '../registry/layout.ts'
import { cached } from '../shared/cached.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Milliseconds. */
const MAX_AGE = 60_000
/** Most repositories that are remembered. */
const MOST = 2_000

/** What is known of a repository; nothing where one listing does not have all of its tags. */
export interface RepositoryFacts {
  readonly tags?: number
  /** Milliseconds since 1970. */
  readonly pushed?: number
}

/** Facts by names, in their order: a listing for each that is not remembered. */
export type FactsOf = (names: readonly string[]) => Promise<readonly RepositoryFacts[]>

/** Asks a store. @param now clock in milliseconds */
export const createFacts = (store: ObjectStore, now: () => number): FactsOf => {
  const facts = cached(
    async (name: string): Promise<RepositoryFacts> => {
      const { objects, truncated } = await store.list(tagsPrefix(name))
      const links = objects.filter(({ key }) => key.endsWith(CURRENT_LINK))
      if (truncated) return {}
      if (links.length === 0) return { tags: 0 }
      return {
        tags: links.length,
        pushed: Math.max(...links.map(({ modified }) => modified.getTime())),
      }
    },
    { now, maxAge: MAX_AGE, capacity: MOST },
  )
  return (names) => inBatches(names, (name) => facts.get(name))
}
