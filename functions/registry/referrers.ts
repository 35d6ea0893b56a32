/**
 * Referrers: manifests that name another as their subject (distribution-spec "Listing Referrers").
 * Each is kept as a ready descriptor under its subject, written when the referrer is pushed.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Content } from './content.ts'
import { referrerKey, referrersPrefix } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { type Digest, isDigest } from './reference.ts'

/** Most descriptors on one page; with {@link MAX_PAGE_BYTES} it bounds memory and responses. */
const MAX_PAGE = 500

/** Most bytes of descriptors on one page: clients read at most 4 MiB of an index. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024

/** Most bytes of one: annotations can make it almost as large as its manifest of 4 MiB. */
const MAX_DESCRIPTOR_BYTES = 5 * 1024 * 1024

/** A descriptor as the referrers API lists it. */
export interface Referrer {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export interface ReferrerPage {
  readonly referrers: readonly Referrer[]
  /** Digest to continue after, when there are more. */
  readonly next: Digest | undefined
}

export interface Referrers {
  /** Lists a pushed manifest under its subject, whether the subject exists or not. */
  add(name: string, subject: Digest, referrer: Referrer): Promise<void>
  /** Removes a deleted manifest from its subject's list. */
  remove(name: string, subject: Digest, digest: Digest): Promise<void>
  /**
   * A page of referrers in the order of their digests: one listing, and a read for each descriptor
   * that is not in memory.
   *
   * @param artifactType only these
   * @param last the digest to continue after
   */
  list(
    name: string,
    subject: Digest,
    options?: { readonly artifactType?: string; readonly last?: Digest },
  ): Promise<ReferrerPage>
}

/** The descriptor under which a manifest is listed as a referrer. */
export const referrerOf = (manifest: Manifest, digest: Digest, size: number): Referrer => ({
  mediaType: manifest.mediaType,
  digest,
  size,
  ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
  ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
})

/** Lists a manifest under its subject; see {@link Referrers.add}. */
export const writeReferrer = async (
  store: ObjectStore,
  name: string,
  subject: Digest,
  referrer: Referrer,
): Promise<void> => {
  const bytes = Buffer.from(JSON.stringify(referrer))
  await store.put(referrerKey(name, subject, referrer.digest), bytes)
}

/** Referrers on a store. A descriptor never changes, since it follows from a manifest. */
export const createReferrers = (store: ObjectStore, content: Content): Referrers => {
  const read = ({ key, size }: ListedReferrer): Promise<Uint8Array | undefined> => {
    if (size <= MAX_DESCRIPTOR_BYTES) return content.get(key, MAX_DESCRIPTOR_BYTES)
    throw new RangeError(`the descriptor ${key} has more than ${MAX_DESCRIPTOR_BYTES} bytes`)
  }

  return {
    add: (name, subject, referrer) => writeReferrer(store, name, subject, referrer),

    async remove(name, subject, digest) {
      await store.delete([referrerKey(name, subject, digest)])
    },

    async list(name, subject, { artifactType, last } = {}) {
      const prefix = referrersPrefix(name, subject)
      const after = last === undefined ? undefined : referrerKey(name, subject, last)
      const { own, truncated } = await pageOf(store, prefix, after)
      const taken = own.slice(0, countThatFits(own.map(({ size }) => size)))
      const bodies = await inBatches(taken, async (each) => read(each))
      const referrers = bodies.flatMap((bytes): Referrer[] => {
        if (bytes === undefined) return []
        const referrer: Referrer = JSON.parse(Buffer.from(bytes).toString())
        return artifactType === undefined || referrer.artifactType === artifactType
          ? [referrer]
          : []
      })
      const more = truncated || taken.length < own.length
      return { referrers, next: more ? taken.at(-1)?.digest : undefined }
    },
  }
}

interface ListedReferrer {
  readonly key: string
  readonly digest: Digest
  /** Bytes of the descriptor. */
  readonly size: number
}

/**
 * The next referrers of a subject. A repository whose name looks like it, `app/sha256/<hex>`, has
 * keys under the same prefix that are not digests; a page with nothing else is skipped.
 */
const pageOf = async (
  store: ObjectStore,
  prefix: string,
  after: string | undefined,
): Promise<{ readonly own: readonly ListedReferrer[]; readonly truncated: boolean }> => {
  for (let startAfter = after; ; ) {
    const { objects, truncated } = await store.list(prefix, {
      limit: MAX_PAGE,
      ...(startAfter === undefined ? {} : { startAfter }),
    })
    const own = objects.flatMap(({ key, size }): ListedReferrer[] => {
      const digest = key.slice(prefix.length).replace('/', ':')
      return isDigest(digest) ? [{ key, digest, size }] : []
    })
    startAfter = objects.at(-1)?.key
    if (own.length > 0 || !truncated || startAfter === undefined) return { own, truncated }
  }
}

/** How many of these descriptors go on one page: as many as fit, and at least one. */
const countThatFits = (sizes: readonly number[]): number => {
  let total = 0
  const cut = sizes.findIndex((size, at) => {
    total += size
    return at > 0 && total > MAX_PAGE_BYTES
  })
  return cut === -1 ? sizes.length : cut
}
