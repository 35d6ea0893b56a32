/**
 * What a clean-up takes of what comes from upstreams, by their document.
 *
 * @module
 */

import { readDocument } from '../auth/document.ts'
import { type FindEvicted, NOTHING_EVICTED } from '../registry/clean-up/evicted.ts'
import { UPSTREAMS_KEY } from '../registry/layout.ts'
import { DocumentError } from '../shared/errors.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Reads the document; where it cannot be read, nothing goes by it. One operation where there is none. */
export const evictedOf =
  (store: ObjectStore): FindEvicted =>
  async (date) => {
    const text = await readDocument(store, UPSTREAMS_KEY)
    if (text === undefined) return NOTHING_EVICTED
    // Loaded only if there is a document.
    const { parseUpstreams } = await import('../upstreams/parse.ts')
    const { findEvicted } = await import('../upstreams/kept/evictions.ts')
    try {
      return await findEvicted(store, parseUpstreams(text), date)
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error
      return { ...NOTHING_EVICTED, notes: [`the upstreams cannot be read: ${error.message}`] }
    }
  }
