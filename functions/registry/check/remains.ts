/**
 * Checks what uploads and processes that ended early have left.
 *
 * @module
 */

import { once } from '../../shared/once.ts'
import type { ListedObject, ObjectStore, OpenMultipart } from '../../storage/store.ts'
import { UPLOAD_LIFE } from '../uploads/expire.ts'
import type { Found } from './finding.ts'

/** Milliseconds after which a temporary file is nobody's: no write takes so long. */
const LEFTOVER_AGE = 24 * 60 * 60_000

const daysOld = (now: number, date: Date): string =>
  `${Math.floor((now - date.getTime()) / (24 * 60 * 60_000))} days ago`

/** Looks at staged bytes. */
export const inspectStaged = (
  store: ObjectStore,
  { key, size, modified }: ListedObject,
  now: number,
): Found | undefined =>
  now - modified.getTime() < UPLOAD_LIFE
    ? undefined
    : {
        kind: 'orphaned-upload',
        key,
        text: `${size} bytes of an upload were staged ${daysOld(now, modified)}`,
        mend: async () => {
          await store.delete([key])
          return 'removed them'
        },
      }

/** Looks at an open multipart upload. */
export const inspectMultipart = (
  store: ObjectStore,
  upload: OpenMultipart,
  now: number,
): Found | undefined =>
  now - upload.started.getTime() < UPLOAD_LIFE
    ? undefined
    : {
        kind: 'orphaned-upload',
        key: upload.key,
        text: `a multipart upload was begun ${daysOld(now, upload.started)}`,
        mend: async () => {
          await store.abortMultipart(upload)
          return 'ended it'
        },
      }

/** What processes that died have left in the store's own directory; the first mend removes all. */
export const findLeftovers = async (store: ObjectStore, now: number): Promise<Found[]> => {
  const before = new Date(now - LEFTOVER_AGE)
  const sweep = once(async () => store.sweep?.(before))
  const paths = (await store.leftovers?.(before)) ?? []
  return paths.map((path) => ({
    kind: 'leftover',
    key: path,
    text: 'a process that died has left this file, which is older than a day',
    mend: async () => {
      await sweep()
      return 'removed it'
    },
  }))
}
