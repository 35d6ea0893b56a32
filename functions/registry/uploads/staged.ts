/**
 * What is staged of unfinished uploads. There is no record of uploads, so this is what lies in the store: bytes that S3 holds
 * as parts of a multipart upload are not listed with objects, and not in it.
 *
 * @module
 */

import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { SCRATCH_PREFIX, UPLOADS_PREFIX, V1_UNFINISHED_PREFIX } from '../layout.ts'

/** Most uploads that are listed. */
const MOST = 1000
/** Most objects that are looked at. */
const MOST_OBJECTS = 20_000

/** An upload, or what one has left. */
export interface Staged {
  /** Its id, which is no secret: it says nothing of the address that continues it. */
  readonly id: string
  readonly bytes: number
  readonly objects: number
  /** Of its oldest object, and of its latest. */
  readonly since: Date
  readonly latest: Date
}

/** Uploads, the largest first, and whether there are more. A listing for each 1000 objects. */
export const listStaged = async (
  store: ObjectStore,
): Promise<{ readonly uploads: readonly Staged[]; readonly complete: boolean }> => {
  const uploads = new Map<string, Staged>()
  let seen = 0
  for await (const page of listPages(store, UPLOADS_PREFIX)) {
    for (const { key, size, modified } of page) {
      if ([SCRATCH_PREFIX, V1_UNFINISHED_PREFIX].some((each) => key.startsWith(each))) continue
      const [id = ''] = key.slice(UPLOADS_PREFIX.length).split('/')
      const known = uploads.get(id) ?? {
        id,
        bytes: 0,
        objects: 0,
        since: modified,
        latest: modified,
      }
      uploads.set(id, {
        id,
        bytes: known.bytes + size,
        objects: known.objects + 1,
        since: modified < known.since ? modified : known.since,
        latest: modified > known.latest ? modified : known.latest,
      })
    }
    seen += page.length
    if (seen >= MOST_OBJECTS) break
  }
  const sorted = [...uploads.values()].sort((a, b) => b.bytes - a.bytes)
  return {
    uploads: sorted.slice(0, MOST),
    complete: seen < MOST_OBJECTS && sorted.length <= MOST,
  }
}
