/**
 * What goes by age alone: staged bytes of uploads, and records of deletes. Where a lifecycle rule or a server's
 * housekeeping does the same, nothing is left for a run.
 *
 * @module
 */

import { isStoreError } from '../../../storage/errors.ts'
import type { ObjectStore, OpenMultipart } from '../../../storage/store.ts'
import { DELETIONS_PREFIX, UPLOADS_PREFIX } from '../../layout.ts'
import { UPLOAD_LIFE } from '../../uploads/expire.ts'
import { keptFor } from '../revisions.ts'
import { isOlder, type Terms } from '../terms.ts'
import type { Step } from '../thing.ts'
import { type Kind, removeListed, suspects, type Verdict } from './kind.ts'

const byAge = (
  store: ObjectStore,
  terms: Terms,
  prefix: string,
  { span, step, why }: { readonly span: number; readonly step: Step; readonly why: string },
): Kind => ({
  looks: 'always',
  pages: (after) =>
    suspects(store, prefix, after, (object) => {
      const { key, modified, size } = object
      if (!isOlder(terms, modified, span)) return 'stays'
      return {
        thing: { step, key, size, why: `${why} ${modified.toISOString()}` },
        carryOut: () => removeListed(store, object),
      }
    }),
})

/** Staged bytes: no upload goes on for so long. */
export const stagedBytes = (store: ObjectStore, terms: Terms): Kind =>
  byAge(store, terms, UPLOADS_PREFIX, {
    span: UPLOAD_LIFE,
    step: 'remove-upload',
    why: 'the upload has ended long ago: staged',
  })

/** Records of deletes that can no longer be undone. */
export const notes = (store: ObjectStore, terms: Terms): Kind =>
  byAge(store, terms, DELETIONS_PREFIX, {
    span: keptFor(terms),
    step: 'remove-note',
    why: 'the delete can no longer be undone: noted',
  })

const sizeOf = async (store: ObjectStore, upload: OpenMultipart): Promise<number | undefined> => {
  try {
    return (await store.listParts(upload)).reduce((sum, { size }) => sum + size, 0)
  } catch (error) {
    if (isStoreError(error, 'multipart')) return undefined
    throw error
  }
}

const lookAtMultipart = async (
  store: ObjectStore,
  terms: Terms,
  upload: OpenMultipart,
): Promise<Verdict> => {
  if (!isOlder(terms, upload.started, UPLOAD_LIFE)) return 'stays'
  const size = await sizeOf(store, upload)
  const why = `nobody goes on with an upload for so long: begun ${upload.started.toISOString()}`
  return {
    thing: { step: 'abort-upload', key: upload.key, size, why },
    carryOut: () => store.abortMultipart(upload),
  }
}

/** Uploads of a page. */
const PAGE = 1000

/** Where an upload is among others: the older ones come first. */
const placeOf = ({ started, id }: OpenMultipart): string => `${started.toISOString()} ${id}`

/**
 * Multipart uploads that no client goes on with, also those whose parts clients send to the store itself, which
 * are begun under the key of their digest. One listing for each 1000, and one for the parts of each that goes.
 */
export const openMultiparts = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'always',
  async *pages(after = '') {
    const open = (await store.listMultiparts(''))
      .map((upload) => ({ place: placeOf(upload), upload }))
      .filter(({ place }) => place > after)
      .sort((a, b) => (a.place < b.place ? -1 : 1))
    for (let at = 0; at < open.length; at += PAGE) {
      const page = open.slice(at, at + PAGE)
      yield {
        suspects: page.map(({ upload }) => ({
          modified: upload.started,
          look: () => lookAtMultipart(store, terms, upload),
        })),
        last: page.at(-1)?.place,
      }
    }
  },
})
