/**
 * Clears away uploads that nobody ended. On AWS lifecycle rules do it; elsewhere the server does.
 *
 * @module
 */

import { UPLOADS_PREFIX } from '../../storage/keys.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { inBatches } from '../parallel.ts'

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
  let startAfter: string | undefined
  for (let more = true; more; ) {
    const page = await store.list(UPLOADS_PREFIX, startAfter === undefined ? {} : { startAfter })
    const stale = page.objects.filter((object) => object.modified.getTime() < limit)
    await store.delete(stale.map((object) => object.key))
    objects += stale.length
    startAfter = page.objects.at(-1)?.key
    more = page.truncated
  }
  // Not only under the prefix: blobs whose digest is known first are sent to their own key.
  const open = await store.listMultiparts('')
  const stale = open.filter((upload) => upload.started.getTime() < limit)
  await inBatches(stale, (upload) => store.abortMultipart(upload))
  return { objects, multiparts: stale.length }
}
