/**
 * Other digests of bytes that are gone.
 *
 * An alias only spares an upload, where a blob is mounted by its sha512 digest from wherever it is. Whoever writes
 * one has seen the data, or written it. So an alias is condemned, which makes its version one of its own, then the
 * data is looked for, and then the alias goes, by a condition on that version: what was written before has its data
 * at that look, and what was written after has another version. There is nothing to wait for.
 *
 * @module
 */

import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import { ALIASES_PREFIX, dataKey } from '../../layout.ts'
import { readLinkObject } from '../../links.ts'
import { isDigest } from '../../reference.ts'
import { condemnLink, isPlain, makePlain, sweepLink } from '../link-object.ts'
import { isOld, type Terms } from '../terms.ts'
import { type Kind, suspects, type Verdict } from './kind.ts'

/** Removes an alias whose data is not there. Four or five operations. @returns false when it has changed */
const remove = async (store: ObjectStore, key: string): Promise<boolean> => {
  const found = await readLinkObject(store, key)
  if (found?.body === undefined) return false
  if (isPlain(found) && !(await condemnLink(store, found))) return false
  const condemned = isPlain(found) ? await readLinkObject(store, key) : found
  if (condemned?.body?.condemned === undefined) return false
  if ((await store.head(dataKey(condemned.body.target))) === undefined) {
    return sweepLink(store, condemned)
  }
  await makePlain(store, condemned)
  return false
}

const look = async (
  store: ObjectStore,
  terms: Terms,
  { key, modified, size }: ListedObject,
): Promise<Verdict> => {
  const digest = key.slice(ALIASES_PREFIX.length).replace('/', ':')
  if (!isDigest(digest)) return 'stays'
  if (!isOld(terms, modified)) return 'waits'
  const target = (await readLinkObject(store, key))?.body?.target
  if (target === undefined || (await store.head(dataKey(target))) !== undefined) return 'stays'
  const why = `the bytes are gone, which were under ${target}`
  return {
    thing: { step: 'remove-alias', key, digest, size, why },
    carryOut: () => remove(store, key),
  }
}

/** Aliases of blobs. */
export const aliases = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'changed',
  pages: (after) => suspects(store, ALIASES_PREFIX, after, (object) => look(store, terms, object)),
})
