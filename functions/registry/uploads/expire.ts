/**
 * Deletes what abandoned uploads have left. On AWS lifecycle rules do this; elsewhere the server.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { deleteOlder } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { UPLOADS_PREFIX } from '../layout.ts'

/** Milliseconds after which staged bytes are deleted; states have expired long before. */
export const UPLOAD_LIFE = 7 * 24 * 60 * 60 * 1000

/** How much was deleted. */
export interface Expired {
  readonly objects: number
  readonly multiparts: number
}

/**
 * Deletes staged objects, and aborts multipart uploads, older than {@link UPLOAD_LIFE}. Safe during
 * pushes, and while other instances do the same: an upload that old cannot be continued.
 *
 * @param now milliseconds
 */
export const expireUploads = async (store: ObjectStore, now: number): Promise<Expired> => {
  const limit = new Date(now - UPLOAD_LIFE)
  const objects = await deleteOlder(store, UPLOADS_PREFIX, limit)
  // Not only under the prefix: a blob whose digest is known first is sent to its digest key.
  const open = await store.listMultiparts('')
  const stale = open.filter((upload) => upload.started < limit)
  await inBatches(stale, (upload) => store.abortMultipart(upload))
  return { objects, multiparts: stale.length }
}
