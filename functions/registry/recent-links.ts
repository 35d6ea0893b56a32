/**
 * Links that were seen a moment ago, so that clients that pull the same thing at once, or one layer
 * after the other, do not each ask the store.
 *
 * That a repository has something only ever ends by a delete. One by this instance is honoured at
 * once, one by another instance within {@link MAX_AGE}; what is not there is asked for each time. So a
 * manifest may be taken in whose blob another instance deletes in the same seconds, as it may without
 * this memory, only that the moment is shorter.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Digest } from './digest.ts'
import { type Link, readLink, writeLink } from './links.ts'

/** Milliseconds for which a link counts that was there. */
export const MAX_AGE = 5_000

/** Most links remembered; with their keys some 5 MiB. */
const MOST = 10_000

/** A link; the version it had is of no use later. */
export type RecentLink = Omit<Link, 'etag'>

export interface RecentLinks {
  /**
   * Reads a link: as it was at most {@link MAX_AGE} ago, or in one operation.
   *
   * @returns undefined when there is none
   * @throws Error when the object holds no digest: the store is damaged
   */
  read(key: string): Promise<RecentLink | undefined>
  /** Writes a link to what is complete and verified. One operation. */
  write(key: string, target: Digest, size: number | undefined): Promise<void>
  /** Deletes links, and forgets them. */
  delete(keys: readonly string[]): Promise<void>
}

/**
 * Links of a store.
 *
 * @param now clock in milliseconds
 */
export const createRecentLinks = (store: ObjectStore, now: () => number): RecentLinks => {
  const recent = cached((key: string): Promise<RecentLink | undefined> => readLink(store, key), {
    now,
    maxAge: MAX_AGE,
    capacity: MOST,
    atOnce: 2,
  })

  return {
    read: recent.get,

    async write(key, target, size) {
      const write = async () => {
        await writeLink(store, key, target, size === undefined ? {} : { size })
        return { target, size }
      }
      await recent.remember(write, key)
    },

    async delete(keys) {
      try {
        await store.delete(keys)
      } finally {
        for (const key of keys) recent.forget(key)
      }
    },
  }
}
