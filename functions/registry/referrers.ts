/**
 * Referrers: manifests that name another as their subject (distribution-spec "Listing Referrers").
 * Each is kept as a ready descriptor under its subject, written when the referrer is pushed.
 *
 * A manifest's link and its descriptor cannot change in one moment. So a descriptor may be
 * unconfirmed: then the list looks whether the manifest is there. Invariants, whoever dies where:
 * - A push writes the unconfirmed descriptor before the link, unless there is a descriptor already,
 *   and never writes over another's, only over a damaged or a condemned one (referrer-entry.ts). So what is
 *   there is listed, or looked for.
 * - A delete writes an unconfirmed descriptor before it deletes the link, over whatever is there. A
 *   push confirms only the version that it wrote itself. So what is confirmed is not deleted.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { inOneTurn } from '../shared/turns.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Content } from './content.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { referrerKey, referrersPrefix } from './layout.ts'
import { type Digest, isDigest } from './reference.ts'
import {
  type ConfirmReferrer,
  listedOf,
  MAX_DESCRIPTOR_BYTES,
  parseReferrer,
  prepareReferrer,
  putDoubt,
  type Referrer,
  readDescriptor,
} from './referrer-entry.ts'
import type { Revisions } from './revisions.ts'

/** Most descriptors on one page; with {@link MAX_PAGE_BYTES} it bounds memory and responses. */
const MAX_PAGE = 500

/** Most bytes of descriptors on one page: clients read at most 4 MiB of an index. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024

export interface ReferrerPage {
  readonly referrers: readonly Referrer[]
  /** Digest to continue after, when there are more. */
  readonly next: Digest | undefined
}

export interface Referrers {
  /**
   * Prepares a manifest's place in its subject's list, whether the subject exists or not; before
   * its link is written. One operation, and one more where there is a descriptor already, which is
   * written anew if the clean-up has condemned it.
   *
   * @returns what is to be done after the link was written; at most one operation
   */
  prepare(name: string, subject: Digest, referrer: Referrer): Promise<ConfirmReferrer>
  /** Has the list look each time whether the manifest is there; before it is deleted. */
  doubt(name: string, subject: Digest, referrer: Referrer): Promise<void>
  /**
   * A page of referrers in the order of their digests: one listing, a read for each descriptor
   * that is not in memory, and one for each unconfirmed one.
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

/** Referrers on a store. */
export const createReferrers = (
  store: ObjectStore,
  content: Content,
  revisions: Pick<Revisions, 'find'>,
  report: ReportDamage = unreported,
): Referrers => {
  /** A descriptor as it was listed: its size tells an unconfirmed one from a confirmed one. */
  const read = async ({ key, size }: ListedReferrer): Promise<Uint8Array | undefined> => {
    const bytes = await content.get(key, size)
    if (bytes?.byteLength === size) return bytes
    return (await readDescriptor(store, key))?.bytes
  }

  const listed = async (name: string, each: ListedReferrer): Promise<Referrer | undefined> => {
    const { key, size, digest } = each
    // Others are listed without it.
    const damaged = (): undefined => {
      report({ key, why: `has ${size} bytes that do not describe ${digest}` })
    }
    if (size > MAX_DESCRIPTOR_BYTES) return damaged()
    const bytes = await read(each)
    if (bytes === undefined) return undefined
    const stored = await inOneTurn(() => parseReferrer(bytes, digest))
    if (stored === undefined) return damaged()
    const { referrer, confirmed } = listedOf(stored)
    if (confirmed) return referrer
    return (await revisions.find(name, each.digest)) && referrer
  }

  return {
    prepare: (name, subject, referrer) => prepareReferrer(store, name, subject, referrer),

    doubt: (name, subject, referrer) => putDoubt(store, name, subject, referrer),

    async list(name, subject, { artifactType, last } = {}) {
      const prefix = referrersPrefix(name, subject)
      const after = last === undefined ? undefined : referrerKey(name, subject, last)
      const { own, truncated } = await pageOf(store, prefix, after)
      const taken = own.slice(0, countThatFits(own.map(({ size }) => size)))
      const all = await inBatches(taken, async (each) => listed(name, each))
      const referrers = all.filter(
        (each): each is Referrer =>
          each !== undefined && (artifactType === undefined || each.artifactType === artifactType),
      )
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
    // What is larger is damaged, and will not be on the page.
    total += size <= MAX_DESCRIPTOR_BYTES ? size : 0
    return at > 0 && total > MAX_PAGE_BYTES
  })
  return cut === -1 ? sizes.length : cut
}
