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
import { type ListedReferrer, type ReadsOne, readDescriptors } from './referrer-pages.ts'
import type { Revisions } from './revisions.ts'

/** Most descriptors on one page; with {@link MAX_PAGE_BYTES} it bounds memory and responses. */
const MAX_PAGE = 500

/** Fewest descriptors on a page that others follow, unless their bytes are too many. */
const LEAST_OF_PAGE = 300

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
   * A page of referrers in the order of their digests: one listing, a read for the descriptors that are not in
   * memory, or for each of them if they are few or nobody has read this page before, and one for each unconfirmed
   * one.
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

/** What lists of referrers are read with. */
export interface ReferrersOptions {
  readonly content: Content
  readonly revisions: Pick<Revisions, 'find'>
  /** Whether nothing may be written, pages of descriptors neither. Default: no. */
  readonly readOnly?: boolean | undefined
  /** Is told of damaged descriptors. */
  readonly report?: ReportDamage
}

/** Referrers on a store. */
export const createReferrers = (store: ObjectStore, options: ReferrersOptions): Referrers => {
  const { content, revisions, readOnly = false, report = unreported } = options

  /** Descriptors as they were listed: the size tells an unconfirmed one from a confirmed one. */
  const one: ReadsOne = {
    remembered: ({ key, size }) => content.peek(key, size),
    async read({ key, size }) {
      if (size > MAX_DESCRIPTOR_BYTES) return new Uint8Array()
      const bytes = await content.get(key, size)
      if (bytes?.byteLength === size) return bytes
      return (await readDescriptor(store, key))?.bytes
    },
    remember: ({ key, size }, bytes) => void content.remember(async () => bytes, key, size),
  }

  const listedAs = async (
    name: string,
    { key, size, digest }: ListedReferrer,
    bytes: Uint8Array,
  ): Promise<Referrer | undefined> => {
    const stored = await inOneTurn(() => parseReferrer(bytes, digest))
    if (stored === undefined) {
      // Others are listed without it.
      report({ key, why: `has ${size} bytes that do not describe ${digest}` })
      return undefined
    }
    const { referrer, confirmed } = listedOf(stored)
    if (confirmed) return referrer
    return (await revisions.find(name, digest)) && referrer
  }

  return {
    prepare: (name, subject, referrer) => prepareReferrer(store, name, subject, referrer),

    doubt: (name, subject, referrer) => putDoubt(store, name, subject, referrer),

    async list(name, subject, { artifactType, last } = {}) {
      const prefix = referrersPrefix(name, subject)
      const after = last === undefined ? undefined : referrerKey(name, subject, last)
      const { own, truncated } = await pageOf(store, prefix, after)
      const taken = own.slice(0, lengthOfPage(own, truncated))
      const place = { name, subject, after: last }
      const read = await readDescriptors(store, place, taken, one, !readOnly)
      const all = await inBatches([...taken.entries()], async ([at, each]) => {
        const bytes = read[at]
        return bytes && listedAs(name, each, bytes)
      })
      const referrers = all.filter(
        (each): each is Referrer =>
          each !== undefined && (artifactType === undefined || each.artifactType === artifactType),
      )
      const more = truncated || taken.length < own.length
      return { referrers, next: more ? taken.at(-1)?.digest : undefined }
    },
  }
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
    const own = objects.flatMap(({ key, size, etag }): ListedReferrer[] => {
      const digest = key.slice(prefix.length).replace('/', ':')
      return isDigest(digest) ? [{ key, digest, size, etag }] : []
    })
    startAfter = objects.at(-1)?.key
    if (own.length > 0 || !truncated || startAfter === undefined) return { own, truncated }
  }
}

/** How many of these descriptors go on one page by their size: as many as fit, and at least one. */
const countThatFits = (listed: readonly ListedReferrer[]): number => {
  let total = 0
  const cut = listed.findIndex(({ size }, at) => {
    // What is larger is damaged, and will not be on the page.
    total += size <= MAX_DESCRIPTOR_BYTES ? size : 0
    return at > 0 && total > MAX_PAGE_BYTES
  })
  return cut === -1 ? listed.length : cut
}

/**
 * How many of these go on the next page. If others follow, it ends where a digest says so, one in 32: so the pages
 * behind it begin where they did when some referrers come or go, and what is kept of them serves still.
 */
const lengthOfPage = (listed: readonly ListedReferrer[], truncated: boolean): number => {
  const most = countThatFits(listed)
  if (!truncated) return most
  const end = listed.findIndex(
    ({ digest }, at) => at >= LEAST_OF_PAGE && Number.parseInt(digest.slice(-2), 16) < 8,
  )
  return end === -1 ? most : Math.min(most, end + 1)
}
