/**
 * Empty stores for tests that look at what lies in them: one on disk, one on the strict S3.
 *
 * @module
 */

import { openFileStore } from '../../../functions/compose/file-store.ts'
import { createS3Store } from '../../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { fill as fillBucket } from '../../emulators/s3/fill.ts'
import { type S3Server, startS3 } from '../../emulators/s3/server.ts'
import { temporaryDirectory } from '../hosts/start.ts'

/** A store and its end. */
export interface OpenedStore {
  readonly store: ObjectStore
  /** Puts an object, the cheapest way: for tests that need many. */
  fill(key: string, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** A store on the strict S3, and the server that counts and fails. */
export interface OpenedBucket extends OpenedStore {
  readonly s3: S3Server
}

/** An empty file store in a directory of its own. */
export const openFiles = async (): Promise<OpenedStore> => {
  const { path, remove } = await temporaryDirectory()
  const store = openFileStore(path)
  const fill = async (key: string, bytes: Uint8Array): Promise<void> => {
    await store.put(key, bytes)
  }
  return { store, fill, close: remove }
}

/** A store on a bucket of a server that is running: a client of its own, with its own retries. */
export const storeOn = (s3: S3Server): ObjectStore =>
  createS3Store({
    bucket: s3.bucket,
    region: s3.region,
    endpoint: s3.endpoint,
    credentials: s3,
    forcePathStyle: true,
  })

/** An empty store on a strict S3 of its own. */
export const openBucket = async (): Promise<OpenedBucket> => {
  const s3 = await startS3()
  const fill = async (key: string, bytes: Uint8Array): Promise<void> => fillBucket(s3, key, bytes)
  return { s3, store: storeOn(s3), fill, close: s3.close }
}

/** Both kinds of store, by name. */
export const STORES: readonly (readonly [name: string, open: () => Promise<OpenedStore>])[] = [
  ['file store', openFiles],
  ['S3', openBucket],
]
