/**
 * A store with a copy nearby that follows it, as S3's replication makes one in another Region, minutes
 * behind.
 *
 * Everything is written to the first store, and everything that changes is read from it: what this store
 * says is never older than the first. Only the bytes of what never changes come from the copy, and from the
 * first as long as the copy has not got them. So a copy that is behind costs time, and nothing else.
 *
 * While the first store does not respond, what changes is read from the copy as well, as old as that is. Who
 * has been told that must not write by it: the first could be there again, and what was read no longer true.
 * So `head` never asks the copy, and for {@link BLIND_FOR} after such a read nothing is written.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { isStoreError, StoreError } from './errors.ts'
import type { ObjectStore } from './store.ts'

export interface ReplicaOptions {
  readonly first: ObjectStore
  /** The copy, under the same keys. */
  readonly near: Pick<ObjectStore, 'get' | 'head' | 'list' | 'presign' | 'lastCalls'>
  /** Whether what is at a key is always the same, if there is anything. */
  readonly neverChanges: (key: string) => boolean
  /** Clock in milliseconds. Default: the system's. */
  readonly now?: (() => number) | undefined
  /** Called when one of the two did not respond, and the other was asked; must not throw. */
  readonly report: (asked: 'first' | 'near', error: unknown) => void
}

/** Milliseconds for which an object that the copy has is taken to stay there. */
const REMEMBERED_FOR = 5 * 60_000
const MOST_REMEMBERED = 10_000

/** Milliseconds: longer than what was read is remembered, and than a request takes from reads to writes. */
export const BLIND_FOR = 5 * 60_000

/** The store; it can presign if both can. */
export const createReplicaStore = (options: ReplicaOptions): ObjectStore => {
  const { first, near, neverChanges, now = Date.now, report } = options
  const copied = new LRUCache<string, true>({
    max: MOST_REMEMBERED,
    ttl: REMEMBERED_FOR,
    ttlResolution: 0,
    perf: { now },
  })

  let blindUntil = Number.NEGATIVE_INFINITY

  /** A write, unless this process may have read what is no longer true. */
  const sighted =
    <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const seconds = Math.ceil((blindUntil - now()) / 1000)
      if (seconds <= 0) return write(...args)
      throw new StoreError(
        'unavailable',
        `the first bucket did not respond: nothing is written for another ${seconds} s`,
      )
    }

  /** Reads what changes. */
  const readFirst = async <T>(ask: (store: Pick<ObjectStore, 'get' | 'list'>) => Promise<T>) => {
    try {
      return await ask(first)
    } catch (error) {
      if (!isStoreError(error, 'unavailable')) throw error
      report('first', error)
      const answer = await ask(near).catch(() => {
        throw error
      })
      blindUntil = now() + BLIND_FOR
      return answer
    }
  }

  /** What the copy says, or nothing if it fails. */
  const askNear = async <T>(asked: Promise<T>): Promise<T | undefined> => {
    try {
      return await asked
    } catch (error) {
      // What it has, it has whole.
      if (isStoreError(error, 'range')) throw error
      report('near', error)
      return undefined
    }
  }

  const isCopied = async (key: string): Promise<boolean> => {
    if (copied.has(key)) return true
    if ((await askNear(near.head(key))) === undefined) return false
    copied.set(key, true)
    return true
  }

  const { presign } = first
  const presignNear = near.presign
  return {
    ...first,
    lastCalls: {
      // With one of the two, reads go on.
      get unavailable() {
        return Math.min(first.lastCalls.unavailable, near.lastCalls.unavailable)
      },
      get failedAt() {
        return Math.max(first.lastCalls.failedAt, near.lastCalls.failedAt)
      },
      get resent() {
        return first.lastCalls.resent + near.lastCalls.resent
      },
    },
    put: sighted(first.put),
    copy: sighted(first.copy),
    delete: sighted(first.delete),
    deleteIf: sighted(first.deleteIf),
    deleteVersion: sighted(first.deleteVersion),
    deleteOnce: sighted(first.deleteOnce),
    createMultipart: sighted(first.createMultipart),
    uploadPart: sighted(first.uploadPart),
    completeMultipart: sighted(first.completeMultipart),
    get: async (key, range) =>
      neverChanges(key)
        ? ((await askNear(near.get(key, range))) ?? first.get(key, range))
        : readFirst((store) => store.get(key, range)),
    list: (prefix, listing) => readFirst((store) => store.list(prefix, listing)),
    ...(presign &&
      presignNear && {
        presign: async (method, key, how) =>
          neverChanges(key) && (await isCopied(key))
            ? presignNear(method, key, how)
            : presign(method, key, how),
      }),
  }
}
