/**
 * Clears away uploads that nobody ended. On AWS lifecycle rules do it; elsewhere the server does.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { UPLOADS_PREFIX } from '../layout.ts'

/** Milliseconds after which staged bytes are given up; states are long expired by then. */
export const UPLOAD_LIFE = 7 * 24 * 60 * 60 * 1000

/** What was cleared away. */
export interface Expired {
  readonly objects: number
  readonly multiparts: number
}

/**
 * Drops staged objects and open multipart uploads older than {@link UPLOAD_LIFE}. Safe beside pushes
 * and beside itself on other instances: an upload that old cannot be gone on with.
 *
 * @param now milliseconds
 */
export const expireUploads = async (store: ObjectStore, now: number): Promise<Expired> => {
  const limit = now - UPLOAD_LIFE
  let objects = 0
  for await (const page of listPages(store, UPLOADS_PREFIX)) {
    const stale = page.filter((object) => object.modified.getTime() < limit)
    await store.delete(stale.map((object) => object.key))
    objects += stale.length
  }
  // Not only under the prefix: blobs whose digest is known first are sent to their own key.
  const open = await store.listMultiparts('')
  const stale = open.filter((upload) => upload.started.getTime() < limit)
  await inBatches(stale, (upload) => store.abortMultipart(upload))
  return { objects, multiparts: stale.length }
}
