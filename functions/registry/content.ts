/**
 * Small objects that never change, read whole and kept in memory: manifests, descriptors of
 * referrers.
 *
 * @module
 */

import { type Cached, cached } from '../shared/cached.ts'
import { discard, readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { type Digest, digestOf } from './reference.ts'

/** Bytes of content kept in memory. */
const CAPACITY = 32 * 1024 * 1024

/**
 * `get(key, limit, digest)` gives an object's bytes, from memory or in one operation. It gives
 * undefined when there is no such object, when it has more than `limit` bytes, and when they have
 * another digest than the one that is given: then it is damaged, which is reported.
 */
export type Content = Cached<[key: string, limit: number, digest?: Digest], Uint8Array | undefined>

/** Is told of each lookup whether it was in memory. */
export type ContentLooked = (found: boolean) => void

/** Content of a store, each lookup of which is told. */
export const tellingLooks = (content: Content, looked: ContentLooked): Content => ({
  ...content,
  get(...args) {
    looked(content.peek(...args) !== undefined)
    return content.get(...args)
  },
})

/** Content of a store. */
export const createContent = (store: ObjectStore, report: ReportDamage = unreported): Content =>
  cached(
    async (key: string, limit: number, digest?: Digest): Promise<Uint8Array | undefined> => {
      const read = await store.get(key)
      if (read === undefined) return undefined
      const { size } = read.info
      const bytes = size <= limit ? await readAll(read.body, limit) : undefined
      if (bytes === undefined) discard(read.body)
      if (digest === undefined || (bytes && digestOf(bytes) === digest)) return bytes
      report({ key, why: `has ${size} bytes that do not have its digest` })
      return undefined
    },
    {
      capacity: CAPACITY,
      sizeOf: (bytes, key) => (bytes?.byteLength ?? 0) + key.length,
      atOnce: 2,
    },
  )
