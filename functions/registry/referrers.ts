/**
 * Referrers: manifests that name another as their subject (distribution-spec "Listing Referrers").
 * Each is kept as a ready descriptor under its subject, written when the referrer is pushed.
 *
 * A manifest's link and its descriptor cannot change in one moment. So a descriptor may be
 * unconfirmed: then the list looks whether the manifest is there. Invariants, whoever dies where:
 * - A push writes the unconfirmed descriptor before the link, unless there is a descriptor already,
 *   and never writes over another's, only over a damaged one. So what is there is listed, or looked for.
 * - A delete writes an unconfirmed descriptor before it deletes the link, over whatever is there. A
 *   push confirms only the version that it wrote itself. So what is confirmed is not deleted.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { inBatches } from '../shared/parallel.ts'
import { inOneTurn } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'
import type { Content } from './content.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { referrerKey, referrersPrefix } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { type Digest, isDigest } from './reference.ts'
import type { Revisions } from './revisions.ts'

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

/** Lists a manifest that is linked by now. */
export type ConfirmReferrer = () => Promise<void>

export interface Referrers {
  /**
   * Prepares a manifest's place in its subject's list, whether the subject exists or not; before
   * its link is written. One operation, and one more where there is a descriptor already.
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

/** The descriptor under which a manifest is listed as a referrer. */
export const referrerOf = (manifest: Manifest, digest: Digest, size: number): Referrer => ({
  mediaType: manifest.mediaType,
  digest,
  size,
  ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
  ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
})

/** A descriptor with this has to be looked for; its value makes each version another. */
const UNCONFIRMED = 'io.slipway.unconfirmed'

/** A descriptor's bytes; annotations make one as large as a manifest. */
const written = (referrer: StoredReferrer): Promise<Uint8Array> =>
  inOneTurn(() => Buffer.from(JSON.stringify(referrer)))

const unconfirmed = (referrer: Referrer): Promise<Uint8Array> =>
  written({ ...referrer, [UNCONFIRMED]: randomBytes(8).toString('hex') })

/** A descriptor as it is stored. */
type StoredReferrer = Referrer & { readonly [UNCONFIRMED]?: string }

/** Whether a stored descriptor is listed without a look at its manifest. */
export const isConfirmed = (stored: StoredReferrer): boolean => stored[UNCONFIRMED] === undefined

/**
 * Has the list look each time whether the manifest of a confirmed descriptor is there.
 *
 * @param etag the version that was read
 * @returns false when it has another version
 */
export const doubtReferrer = async (
  store: ObjectStore,
  key: string,
  referrer: Referrer,
  etag: string,
): Promise<boolean> =>
  (await putUnlessChanged(store, key, await unconfirmed(referrer), { ifMatch: etag })) !== undefined

/** Reads a stored descriptor. @returns undefined when it is none of this digest: it is damaged */
export const parseReferrer = (bytes: Uint8Array, digest: Digest): StoredReferrer | undefined => {
  try {
    const stored: StoredReferrer | null = JSON.parse(Buffer.from(bytes).toString())
    const sound =
      typeof stored?.mediaType === 'string' &&
      stored.digest === digest &&
      Number.isSafeInteger(stored.size)
    return sound ? stored : undefined
  } catch {
    return undefined
  }
}

/** A descriptor's bytes, none where they are more than one can have, and its version. */
export const readDescriptor = async (
  store: ObjectStore,
  key: string,
): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { size, etag } = read.info
  if (size <= MAX_DESCRIPTOR_BYTES) {
    return { bytes: await readAll(read.body, MAX_DESCRIPTOR_BYTES), etag }
  }
  discard(read.body)
  return { bytes: new Uint8Array(), etag }
}

/** See {@link Referrers.prepare}. */
export const prepareReferrer = async (
  store: ObjectStore,
  name: string,
  subject: Digest,
  referrer: Referrer,
): Promise<ConfirmReferrer> => {
  const key = referrerKey(name, subject, referrer.digest)
  const write = async (condition: WriteCondition) =>
    putUnlessChanged(store, key, await unconfirmed(referrer), condition)
  const replaceDamaged = async () => {
    const there = await readDescriptor(store, key)
    if (there === undefined || parseReferrer(there.bytes, referrer.digest)) return undefined
    return write({ ifMatch: there.etag })
  }
  const created = (await write({ ifNoneMatch: '*' })) ?? (await replaceDamaged())
  if (created === undefined) return async () => {}
  return async () => {
    await putUnlessChanged(store, key, await written(referrer), { ifMatch: created })
  }
}

/** See {@link Referrers.doubt}. */
export const putDoubt = async (
  store: ObjectStore,
  name: string,
  subject: Digest,
  referrer: Referrer,
): Promise<void> => {
  await store.put(referrerKey(name, subject, referrer.digest), await unconfirmed(referrer))
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
    const { [UNCONFIRMED]: nonce, ...referrer } = stored
    if (nonce === undefined) return referrer
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
