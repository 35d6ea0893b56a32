/**
 * Ends uploads without a blob.
 *
 * @module
 */

import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { RegistryError } from '../errors.ts'
import { uploadCancelledKey, uploadDataKey, uploadPrefix } from '../layout.ts'
import { keyOf } from './plan.ts'
import type { UploadState } from './state.ts'

export const uploadUnknown = (uuid: string, cause?: unknown): RegistryError =>
  new RegistryError(
    'BLOB_UPLOAD_UNKNOWN',
    `the upload ${uuid} was cancelled or committed, or has expired: start a new upload`,
    { detail: { uuid }, cause },
  )

/** Deletes everything that an upload has staged: a listing and a deletion for each 1000 objects. */
export const discard = async (store: ObjectStore, state: UploadState): Promise<void> => {
  const { uuid, multipart, parts } = state
  if (multipart) {
    const { id, nonce } = multipart
    await store.abortMultipart({ key: uploadDataKey(uuid, nonce), id })
  }
  if (parts) await store.abortMultipart({ key: keyOf(uuid, parts), id: parts.id })
  for await (const staged of listPages(store, uploadPrefix(uuid))) {
    await store.delete(staged.map((object) => object.key))
  }
}

/**
 * Deletes what an upload has staged, and notes that it has ended: a state without staged bytes of its own would
 * stay valid otherwise.
 */
export const end = async (store: ObjectStore, state: UploadState): Promise<void> => {
  await discard(store, state)
  await store.put(uploadCancelledKey(state.uuid), new Uint8Array())
}
