/**
 * Links that were seen a moment ago, so that clients that pull the same thing at once, or one layer
 * after the other, do not each ask the store.
 *
 * That a repository has something only ever ends by a delete. One by this instance is honoured at
 * once, one by another instance within {@link MAX_AGE}; what is not there is asked for each time. A
 * push never relies on it: whether a manifest's parts are there is asked of the store.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { ObjectStore } from '../storage/store.ts'
import { type Link, readLink } from './links.ts'

/** Milliseconds for which a link counts that was there. */
export const MAX_AGE = 5_000

/** Most links remembered; with their keys some 5 MiB. */
const MOST = 10_000

export interface RecentLinks {
  /**
   * Reads a link: as it was at most {@link MAX_AGE} ago, or in one operation.
   *
   * @returns undefined when there is none
   * @throws Error when the object holds no digest: the store is damaged
   */
  read(key: string): Promise<Link | undefined>
  /** Deletes links, and forgets them. */
  delete(keys: readonly string[]): Promise<void>
}

/**
 * Links of a store.
 *
 * @param now clock in milliseconds
 */
export const createRecentLinks = (store: ObjectStore, now: () => number): RecentLinks => {
  const recent = new LRUCache<string, Link>({
    maxSize: MOST,
    sizeCalculation: () => 1,
    ttl: MAX_AGE,
    ttlResolution: 0,
    perf: { now },
  })
  let deletes = 0
  return {
    async read(key) {
      const known = recent.get(key)
      if (known !== undefined) return known
      const [started, before] = [now(), deletes]
      const link = await readLink(store, key)
      // What was read while something was deleted may be what is gone by now.
      if (link !== undefined && deletes === before) recent.set(key, link, { start: started })
      return link
    },

    async delete(keys) {
      try {
        await store.delete(keys)
      } finally {
        deletes += 1
        for (const key of keys) recent.delete(key)
      }
    },
  }
}
