/**
 * The places of manifests that are gone in the lists of their subjects. A manifest keeps its place as long as its
 * repository has a link to it, also a deleted one, which can come back. Whether the subject is there is no matter.
 *
 * @module
 */

import { tookPlace } from '../../../storage/errors.ts'
import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import { REFERRERS_PREFIX, revisionLinkKey } from '../../layout.ts'
import { type Digest, isDigest } from '../../reference.ts'
import {
  condemnReferrer,
  isCondemnedReferrer,
  parseReferrer,
  readDescriptor,
} from '../../referrer-entry.ts'
import { isOld, type Terms } from '../terms.ts'
import { type Kind, suspects, type Verdict } from './kind.ts'

const KEY = /^(.+)\/(?:sha256|sha512)\/[0-9a-f]+\/(sha256|sha512)\/([0-9a-f]+)$/

/** Repository and manifest of a descriptor's key. */
const ownerOf = (key: string): { readonly name: string; readonly digest: Digest } | undefined => {
  const [, name = '', algorithm, hex] = KEY.exec(key.slice(REFERRERS_PREFIX.length)) ?? []
  const digest = `${algorithm}:${hex}`
  return isDigest(digest) ? { name, digest } : undefined
}

const look = async (
  store: ObjectStore,
  terms: Terms,
  { key, modified, size }: ListedObject,
): Promise<Verdict> => {
  const owner = ownerOf(key)
  if (owner === undefined) return 'stays'
  if (!isOld(terms, modified)) return 'waits'
  const { name: repository, digest } = owner
  if ((await store.head(revisionLinkKey(repository, digest))) !== undefined) return 'stays'
  const read = await readDescriptor(store, key)
  if (read === undefined) return 'stays'
  const { bytes, etag } = read
  const about = { key, repository, digest, size }
  const stored = parseReferrer(bytes, digest)
  // Nobody relies on a damaged one: a push writes it anew.
  if (stored !== undefined && !isCondemnedReferrer(stored)) {
    const why = 'the repository does not have the manifest that is listed'
    const thing = { ...about, step: 'condemn-referrer', why } as const
    return { thing, carryOut: () => condemnReferrer(store, key, stored, etag) }
  }
  if (!isOld(terms, read.modified)) return 'waits'
  const why = stored
    ? `condemned ${read.modified.toISOString()}, and nobody has pushed the manifest since`
    : 'it is damaged, and the repository does not have the manifest'
  const thing = { ...about, step: 'remove-referrer', why } as const
  return { thing, carryOut: () => tookPlace(store.deleteIf(key, etag)) }
}

/** Descriptors of referrers. */
export const referrers = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'changed',
  pages: (after) =>
    suspects(store, REFERRERS_PREFIX, after, (object) => look(store, terms, object)),
})
