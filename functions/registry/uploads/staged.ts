/**
 * What is staged of unfinished uploads. There is no record of uploads, so this is what lies in the store: objects, and parts of
 * multipart uploads, which no listing of objects shows.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { isStoreError } from '../../storage/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore, OpenMultipart } from '../../storage/store.ts'
import { BLOBS_PREFIX, SCRATCH_PREFIX, UPLOADS_PREFIX, V1_UNFINISHED_PREFIX } from '../layout.ts'

/** Most uploads that are listed. */
const MOST = 1000
/** Most objects that are looked at. */
const MOST_OBJECTS = 20_000
/** Most multipart uploads whose parts are listed. */
const MOST_MULTIPARTS = 200
/** Lists of parts at once. */
const AT_ONCE = 16

/** An upload, or what one has left. */
export interface Staged {
  /**
   * Its id, which is no secret: it says nothing of the address that continues it. Of one that is written to where its blob
   * will be, the digest.
   */
  readonly id: string
  readonly bytes: number
  /** Objects and parts. */
  readonly objects: number
  /** Of its oldest object, or when it began, and of its latest. */
  readonly since: Date
  readonly latest: Date
}

type Found = Omit<Staged, 'id'>

/** Whether it is no upload's of this API. */
const isOther = (key: string): boolean =>
  [SCRATCH_PREFIX, V1_UNFINISHED_PREFIX].some((each) => key.startsWith(each))

/** The upload that a key belongs to, or the digest of the blob. */
const uploadOf = (key: string): string => {
  if (key.startsWith(UPLOADS_PREFIX)) return key.slice(UPLOADS_PREFIX.length).split('/')[0] ?? ''
  const [algorithm, , hex] = key.slice(BLOBS_PREFIX.length).split('/')
  return `${algorithm}:${hex}`
}

const withMore = (known: Staged | undefined, id: string, found: Found): Staged => ({
  id,
  bytes: (known?.bytes ?? 0) + found.bytes,
  objects: (known?.objects ?? 0) + found.objects,
  since: known && known.since < found.since ? known.since : found.since,
  latest: known && known.latest > found.latest ? known.latest : found.latest,
})

/** The parts of an upload; undefined when it has ended meanwhile. */
const partsOf = async (store: ObjectStore, upload: OpenMultipart): Promise<Found | undefined> => {
  try {
    const parts = await store.listParts(upload)
    const bytes = parts.reduce((sum, { size }) => sum + size, 0)
    // When parts were written is not told.
    return { bytes, objects: parts.length, since: upload.started, latest: upload.started }
  } catch (error) {
    if (isStoreError(error, 'multipart')) return undefined
    throw error
  }
}

/**
 * Uploads, the largest first, and whether there are more. A listing for each 1000 objects, two of multipart uploads or one more
 * for each 1000, and one of the parts of each.
 */
export const listStaged = async (
  store: ObjectStore,
): Promise<{ readonly uploads: readonly Staged[]; readonly complete: boolean }> => {
  const uploads = new Map<string, Staged>()
  const add = (key: string, found: Found): void => {
    const id = uploadOf(key)
    uploads.set(id, withMore(uploads.get(id), id, found))
  }
  let seen = 0
  for await (const page of listPages(store, UPLOADS_PREFIX)) {
    for (const { key, size, modified } of page) {
      if (isOther(key)) continue
      add(key, { bytes: size, objects: 1, since: modified, latest: modified })
    }
    seen += page.length
    if (seen >= MOST_OBJECTS) break
  }
  const open = [
    ...(await store.listMultiparts(UPLOADS_PREFIX)),
    ...(await store.listMultiparts(BLOBS_PREFIX)),
  ].filter(({ key }) => !isOther(key))
  const looked = open
    .toSorted((a, b) => a.started.getTime() - b.started.getTime())
    .slice(0, MOST_MULTIPARTS)
  const parts = await inBatches(looked, (each) => partsOf(store, each), AT_ONCE)
  for (const [at, { key }] of looked.entries()) {
    const found = parts[at]
    if (found !== undefined) add(key, found)
  }
  const sorted = [...uploads.values()].sort((a, b) => b.bytes - a.bytes)
  return {
    uploads: sorted.slice(0, MOST),
    complete: seen < MOST_OBJECTS && open.length === looked.length && sorted.length <= MOST,
  }
}
