/**
 * Where a soak's store is, for all of its processes.
 *
 * @module
 */
import { openFileStore } from '../../functions/compose/file-store.ts'
import { SCRATCH_PREFIX } from '../../functions/registry/layout.ts'
import { once } from '../../functions/shared/once.ts'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import type { Bucket } from '../support/live/s3.ts'

/** A directory, or a bucket. */
export type Place = { readonly directory: string } | Bucket

/** Opens the store there. */
export const openPlace = (place: Place): ObjectStore => {
  if ('directory' in place) return openFileStore(place.directory)
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = place
  return createS3Store({
    bucket,
    prefix: 'registry',
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    scratch: SCRATCH_PREFIX,
  })
}

/**
 * The same store, whose service is asked by 1200 requests whether it loses writes once, or not at all: each run
 * asks again, and a service of these tests does not become another one meanwhile.
 *
 * @param races whether to ask; otherwise it is said to lose none
 */
export const racingOnce = (store: ObjectStore, races = true): ObjectStore => {
  const { losesWrites } = store
  if (losesWrites === undefined) return store
  return { ...store, losesWrites: races ? once(losesWrites) : async () => false }
}
