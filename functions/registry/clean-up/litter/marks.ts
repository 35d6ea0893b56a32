/**
 * The catalog's marks of repositories in which there is neither a manifest, also a deleted one, nor a tag.
 *
 * A push looks at the mark before it writes the manifest's link. So a mark is condemned first; whoever finds it so
 * writes it anew. It goes a grace later, by a condition on that version, if there is no manifest still: a push that
 * has seen the mark before it was condemned has written its link by then.
 *
 * @module
 */

import { discard, readAll } from '../../../storage/bytes.ts'
import { tookPlace } from '../../../storage/errors.ts'
import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import { CATALOG_PREFIX, catalogName, manifestsPrefix } from '../../layout.ts'
import { isName } from '../../reference.ts'
import type { Holds } from '../held-names.ts'
import { newNonce } from '../marker.ts'
import { isOld, type Terms } from '../terms.ts'
import { type Kind, suspects, type Verdict } from './kind.ts'

const CONDEMNED = /^condemned [0-9a-f]{16}$/

/** Most bytes read of a mark. */
const MAX_BYTES = 64

const readMark = async (store: ObjectStore, key: string) => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { size, etag, modified } = read.info
  if (size > MAX_BYTES) discard(read.body)
  const text = size > MAX_BYTES ? '' : (await readAll(read.body, MAX_BYTES)).toString()
  return { etag, modified, condemned: CONDEMNED.test(text) }
}

const look = async (
  store: ObjectStore,
  terms: Terms,
  readHolds: () => Promise<Holds>,
  { key, modified }: ListedObject,
): Promise<Verdict> => {
  const repository = catalogName(key)
  if (!isName(repository)) return 'stays'
  if (!isOld(terms, modified)) return 'waits'
  if ((await readHolds())(repository)) return 'stays'
  const { objects } = await store.list(manifestsPrefix(repository), { limit: 1 })
  if (objects.length > 0) return 'stays'
  const mark = await readMark(store, key)
  if (mark === undefined) return 'stays'
  const { etag } = mark
  if (!mark.condemned) {
    const why = 'nothing is in the repository that is listed'
    const body = Buffer.from(`condemned ${newNonce()}`)
    return {
      thing: { step: 'condemn-mark', key, repository, why },
      carryOut: () => tookPlace(store.put(key, body, { condition: { ifMatch: etag } })),
    }
  }
  if (!isOld(terms, mark.modified)) return 'waits'
  const why = `condemned ${mark.modified.toISOString()}, and nobody has pushed to the repository since`
  return {
    thing: { step: 'remove-mark', key, repository, why },
    carryOut: () => tookPlace(store.deleteIf(key, etag)),
  }
}

const knowsNone = async (): Promise<Holds> => () => false

/**
 * Marks of the catalog.
 *
 * @param readHolds of the repositories of which the walk has just listed something nothing else is read
 */
export const marks = (store: ObjectStore, terms: Terms, readHolds = knowsNone): Kind => ({
  looks: 'changed',
  pages: (after) =>
    suspects(store, CATALOG_PREFIX, after, (object) => look(store, terms, readHolds, object)),
})
