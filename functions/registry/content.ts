/**
 * Small objects that never change, read whole and kept in memory: manifests, descriptors of
 * referrers.
 *
 * @module
 */

import { type Cached, cached } from '../shared/cached.ts'
import { discard, readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Bytes of content kept in memory. */
const CAPACITY = 32 * 1024 * 1024

/**
 * `get(key, limit)` gives an object's bytes, from memory or in one operation. It gives undefined when
 * there is no such object, or it has more than `limit` bytes.
 */
export type Content = Cached<[key: string, limit: number], Uint8Array | undefined>

/** Content of a store. */
export const createContent = (store: ObjectStore): Content =>
  cached(
    async (key: string, limit: number): Promise<Uint8Array | undefined> => {
      const read = await store.get(key)
      if (read === undefined) return undefined
      if (read.info.size <= limit) return readAll(read.body, limit)
      discard(read.body)
      return undefined
    },
    {
      capacity: CAPACITY,
      sizeOf: (bytes, key) => (bytes?.byteLength ?? 0) + key.length,
      atOnce: 2,
    },
  )
