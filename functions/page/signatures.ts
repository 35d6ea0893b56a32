/**
 * Whether manifests have signatures: a referrer that is one, or a tag as cosign names it. Neither is verified. What a
 * repository has of both is in a listing each, so that a manifest with nothing attached costs nothing; a descriptor that was
 * read is remembered.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { unreported } from '../registry/damage.ts'
import {
  referrersOfPrefix,
  referrersPrefix,
  revisionLinkKey,
  tagLinkKey,
  tagsPrefix,
} from '../registry/layout.ts'
import { readStoredLink } from '../registry/links.ts'
import { CANONICAL, type Digest, isDigest } from '../registry/reference.ts'
import { listedOf, parseReferrer, readDescriptor } from '../registry/referrer-entry.ts'
import { inBatches } from '../shared/parallel.ts'
import { inOneTurn } from '../shared/turns.ts'
import type { ListedObject, ObjectStore } from '../storage/store.ts'
import type { Calls } from './calls.ts'
import type { FirstThousand, ListFirst } from './first-thousand.ts'
import { kindOf } from './kind.ts'

/** Most descriptors that are remembered; some 300 bytes each. */
const MOST = 20_000
/** Most referrers of one manifest that are looked at where a listing does not have all. */
const MOST_OF_ONE = 100
/** Larger descriptors are those of something else: annotations have the rest. */
const MOST_BYTES = 256 * 1024

/** Whether manifests are signed; one that is missing was not looked at. */
export type Signed = ReadonlyMap<Digest, boolean>

/** Tells of manifests. */
export type SignedOf = (name: string, digests: readonly Digest[], calls: Calls) => Promise<Signed>

/** The tag by which cosign attaches a signature. */
const signatureTag = (digest: Digest): string => `${digest.replace(':', '-')}.sig`

const descriptorsIn = (objects: readonly ListedObject[], prefix: string): readonly ListedObject[] =>
  objects.filter(({ key }) => isDigest(key.slice(prefix.length).replace('/', ':')))

/** @param first lists what is attached */
export const createSignatures = (store: ObjectStore, first: ListFirst): SignedOf => {
  const memory = new LRUCache<string, boolean>({ max: MOST })

  /** Whether a tag is there. */
  const hasTag = async (
    name: string,
    digest: Digest,
    tags: FirstThousand | undefined,
    calls: Calls,
  ): Promise<boolean | undefined> => {
    const key = tagLinkKey(name, signatureTag(digest))
    if (tags?.objects.some((each) => each.key === key)) return true
    if (tags?.covers(key)) return false
    return calls.take() ? (await store.head(key)) !== undefined : undefined
  }

  const attachedTo = async (
    name: string,
    digest: Digest,
    all: FirstThousand | undefined,
    calls: Calls,
  ): Promise<readonly ListedObject[] | undefined> => {
    const prefix = referrersPrefix(name, digest)
    if (all?.covers(prefix)) {
      const own = all.objects.filter(({ key }) => key.startsWith(prefix))
      return descriptorsIn(own, prefix)
    }
    if (!calls.take()) return undefined
    return descriptorsIn((await store.list(prefix, { limit: MOST_OF_ONE })).objects, prefix)
  }

  /** Whether a descriptor is that of a signature: an operation, and another for one that is not confirmed. */
  const isSignature = async (
    name: string,
    digest: Digest,
    { key, etag, size }: ListedObject,
    calls: Calls,
  ): Promise<boolean | undefined> => {
    const version = `${key}\n${etag}`
    const known = memory.get(version)
    if (known !== undefined) return known
    if (size > MOST_BYTES) return false
    // Two, since it may not be confirmed.
    if (!calls.take(2)) return undefined
    const read = await readDescriptor(store, key)
    const stored = read && (await inOneTurn(() => parseReferrer(read.bytes, digest)))
    if (stored === undefined) return false
    const { referrer, confirmed } = listedOf(stored)
    const is = kindOf(referrer) === 'signature'
    if (confirmed) memory.set(version, is)
    if (confirmed || !is) return is
    const link = await readStoredLink(store, revisionLinkKey(name, digest), unreported)
    return link?.link !== undefined
  }

  const look = async (
    name: string,
    digest: Digest,
    [tags, all]: readonly [FirstThousand | undefined, FirstThousand | undefined],
    calls: Calls,
  ): Promise<boolean | undefined> => {
    // The listings have what is attached to these.
    const isListed = digest.startsWith(`${CANONICAL}:`)
    const tagged = await hasTag(name, digest, isListed ? tags : undefined, calls)
    if (tagged !== false) return tagged
    const attached = await attachedTo(name, digest, isListed ? all : undefined, calls)
    if (attached === undefined) return undefined
    const prefix = referrersPrefix(name, digest)
    let unknown = false
    for (const each of attached) {
      const own = each.key.slice(prefix.length).replace('/', ':') as Digest
      const is = await isSignature(name, own, each, calls)
      if (is) return true
      unknown ||= is === undefined
    }
    return unknown ? undefined : false
  }

  return async (name, digests, calls) => {
    const listed = await Promise.all([
      first(`${tagsPrefix(name)}${CANONICAL}-`, calls),
      first(referrersOfPrefix(name), calls),
    ])
    const signed = new Map<Digest, boolean>()
    await inBatches([...new Set(digests)], async (digest) => {
      const is = await look(name, digest, listed, calls)
      if (is !== undefined) signed.set(digest, is)
    })
    return signed
  }
}
