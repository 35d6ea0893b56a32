/**
 * Link objects: small files that say a repository has something, or where a tag points. Their body
 * is a bare digest, as distribution writes it.
 *
 * The size of what is linked is kept in the object's metadata, so that data that was cut is noticed; in that of a
 * tag's link, who has set it. Links by distribution, and in stores without metadata, lack both; the clean-up knows the
 * former by that.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { tookPlace } from '../storage/errors.ts'
import type { ObjectStore, PutOptions, WriteCondition } from '../storage/store.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { dataKey } from './layout.ts'
import { CANONICAL, type Digest, isDigest } from './reference.ts'

/** Most bytes read of a link; a sha512 digest has 135 characters. */
const MAX_LINK_BYTES = 256

export interface Link {
  /** Digest the data is under. */
  readonly target: Digest
  /** Bytes of the data, if the link records them. */
  readonly size: number | undefined
  /** Version of the link itself, for conditional writes. */
  readonly etag: string
  /** When the link was written, by the clock of the store; undefined for one that this process has just written. */
  readonly modified?: Date
  /** Who has set a tag, as it is written: see pusher.ts. */
  readonly by?: string
  /**
   * Set when the clean-up has condemned it: no manifest that was there needed it. It is a link all
   * the same, and stays one for the grace; who says to a client that it is there makes it plain.
   */
  readonly condemned?: true
}

/** A revision's link that a delete has left: see revisions.ts. */
export interface DeletedLink extends Link {
  /** No tag that was set before this time counts. By the clock of the store, with a margin. */
  readonly since: Date
}

/** What a rule that condemned a link went by. Milliseconds, by the clock of the store. */
export interface ByRule {
  /** When the link had last been written. */
  readonly pushed: number
  /** The date of the run: all that the rule went by was read after it. */
  readonly date: number
}

/** What a link's body says. Neither `condemned` nor `deletedWithin`: it is plain. */
export interface LinkBody {
  readonly target: Digest
  /** For a condemned link: its nonce, 16 hex digits. */
  readonly condemned?: string
  /** For a link that a rule has condemned. */
  readonly byRule?: ByRule
  /** For a deleted link: milliseconds that the delete took. */
  readonly deletedWithin?: number
  /** For a link that a rule has deleted: the date of the run, as in {@link ByRule}. */
  readonly deletedSince?: number
}

const CONDEMNED = /^(\S+) condemned ([0-9a-f]{16})(?: (\d{1,15}) (\d{1,15}))?$/
const DELETED = /^sha384:([0-9a-f]{64})[0-9a-f]{16}([01])([0-9a-f]{15})$/
/** What earlier builds wrote. */
const DELETED_IN_WORDS = /^(\S+) deleted [0-9a-f]{16} (?:(\d{1,15})|since (\d{1,15}))$/

const deleted = (target: Digest, time: number, isSince: boolean): LinkBody =>
  isSince ? { target, deletedWithin: 0, deletedSince: time } : { target, deletedWithin: time }

/**
 * Reads a link's body. The one place that knows what links may say.
 *
 * @returns undefined when it says nothing that is known: the link is damaged
 */
export const parseLink = (body: Uint8Array): LinkBody | undefined => {
  const text = Buffer.from(body).toString('latin1').trim()
  const [, hex = '', isSince, time = ''] = text.match(DELETED) ?? []
  const gone = `${CANONICAL}:${hex}`
  if (isDigest(gone)) return deleted(gone, Number.parseInt(time, 16), isSince === '1')
  if (isDigest(text)) return { target: text }
  const [, doomed = '', nonce = '', pushed, date] = text.match(CONDEMNED) ?? []
  if (isDigest(doomed)) {
    const byRule = pushed && { byRule: { pushed: Number(pushed), date: Number(date) } }
    return { target: doomed, condemned: nonce, ...byRule }
  }
  const [, target = '', took, since] = text.match(DELETED_IN_WORDS) ?? []
  return isDigest(target) ? deleted(target, Number(since ?? took), since !== undefined) : undefined
}

/** A link under its sha256 digest says just that digest; under another one, where its data is. */
const CANONICAL_KEY = /\/sha256\/([0-9a-f]{64})\/link$/

/** Whether a link may say this under its key. */
const fitsKey = (key: string, { target }: LinkBody): boolean => {
  const [, hex] = CANONICAL_KEY.exec(key) ?? []
  return hex === undefined || target === `${CANONICAL}:${hex}`
}

/**
 * The body of a condemned link. Longer than a plain one of the same digest by 27 bytes or more, so that a
 * listing tells them apart.
 *
 * @param nonce 16 hex digits that no other condemnation has, since a version says only what the
 *   content is
 */
export const condemnedLinkBody = (target: Digest, nonce: string, byRule?: ByRule): Uint8Array => {
  const times = byRule === undefined ? '' : ` ${byRule.pushed} ${byRule.date}`
  return Buffer.from(`${target} condemned ${nonce}${times}`, 'latin1')
}

/** When the body of a deleted link says that it was deleted. */
export type Deletion =
  /** Milliseconds since before the delete read the link. */
  | { readonly took: number }
  /**
   * A time by the clock of the store, in milliseconds: all that decided was read after it. For a run that may
   * have slept meanwhile, so that no clock of a process counts.
   */
  | { readonly since: number }

/**
 * The body of a deleted link.
 *
 * It has the form of a sha384 digest, of nothing that there is, so that distribution answers 404 to a request for
 * it, where other text is an error. It must not be one that Slipway 1.0 reads: that version takes any digest for a
 * link to what its key says, and would give the manifest to whoever asks. Neither writes links of sha384.
 *
 * @param target the sha256 digest of the data
 * @param nonce 16 hex digits that no other delete has, since a version says only what the content is
 */
export const deletedLinkBody = (target: Digest, nonce: string, deletion: Deletion): Uint8Array => {
  const hex = target.slice(CANONICAL.length + 1)
  const [flag, time] = 'since' in deletion ? [1, deletion.since] : [0, Math.ceil(deletion.took)]
  return Buffer.from(`sha384:${hex}${nonce}${flag}${time.toString(16).padStart(15, '0')}`, 'latin1')
}

/**
 * Milliseconds by which the clocks of a store, and the moment of a write and its `modified`, may
 * differ. S3 takes no request that was signed 15 minutes ago.
 */
const CLOCK_MARGIN = 15 * 60_000

/** A link's object, whatever it says. */
export interface LinkObject {
  readonly key: string
  readonly etag: string
  readonly modified: Date
  /** Of the object itself. */
  readonly bytes: number
  /** Bytes of what is linked, where the link records them. */
  readonly size: number | undefined
  /** See {@link Link.by}. */
  readonly by: string | undefined
  /** Undefined when it is damaged. */
  readonly body: LinkBody | undefined
}

/** Reads a link's object, in one operation. */
export const readLinkObject = async (
  store: ObjectStore,
  key: string,
): Promise<LinkObject | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { size: bytes, etag, metadata, modified } = read.info
  const small = bytes <= MAX_LINK_BYTES
  if (!small) discard(read.body)
  const body = small ? parseLink(await readAll(read.body, MAX_LINK_BYTES)) : undefined
  const recorded = Number.parseInt(metadata.size ?? '', 10)
  const size = Number.isSafeInteger(recorded) ? recorded : undefined
  return { key, etag, modified, bytes, size, by: metadata.by, body }
}

/** A link as it is in the store. */
export interface StoredLink {
  readonly etag: string
  readonly modified: Date
  /** Undefined when it is deleted or damaged. */
  readonly link: Link | undefined
  /** Set when it is deleted. */
  readonly deleted?: DeletedLink
}

/**
 * Reads what is under a link's key, in one operation. A damaged link is reported.
 *
 * @returns undefined when there is nothing
 */
export const readStoredLink = async (
  store: ObjectStore,
  key: string,
  report: ReportDamage,
): Promise<StoredLink | undefined> => {
  const read = await readLinkObject(store, key)
  if (read === undefined) return undefined
  const { etag, modified, bytes, size, by, body } = read
  if (body === undefined || !fitsKey(key, body)) {
    report({ key, why: body ? `says ${body.target}` : `has ${bytes} bytes that are not a digest` })
    return { etag, modified, link: undefined }
  }
  const { target, condemned, deletedWithin, deletedSince } = body
  const link = {
    target,
    size,
    etag,
    modified,
    ...(by === undefined ? {} : { by }),
    ...(condemned === undefined ? {} : { condemned: true as const }),
  }
  if (deletedWithin === undefined) return { etag, modified, link }
  const began = deletedSince ?? modified.getTime() - deletedWithin
  const since = new Date(began - CLOCK_MARGIN)
  return { etag, modified, link: undefined, deleted: { ...link, since } }
}

/**
 * Reads a link, in one operation.
 *
 * @returns undefined when there is none, or it is deleted, or damaged, which is reported
 */
export const readLink = async (
  store: ObjectStore,
  key: string,
  report: ReportDamage = unreported,
): Promise<Link | undefined> => (await readStoredLink(store, key, report))?.link

export interface WriteLinkOptions {
  /** Bytes of the data that is linked; `unknown` says that the link is Slipway's all the same. Absent for tags. */
  readonly size?: number | 'unknown'
  /** Who sets a tag, as it is to be written: see pusher.ts. Absent: nobody is known. */
  readonly by?: string | undefined
  readonly condition?: WriteCondition
  /** See `PutOptions`. */
  readonly inTime?: PutOptions['inTime']
  /** Makes it a condemned link, with this nonce: see {@link condemnedLinkBody}. Default: plain. */
  readonly condemned?: string
  /** For a condemned link, where a rule condemns it. */
  readonly byRule?: ByRule | undefined
}

const metadataOf = (
  size: WriteLinkOptions['size'],
  by: string | undefined,
): Readonly<Record<string, string>> => ({
  ...(size === undefined ? {} : { size: String(size) }),
  ...(by === undefined ? {} : { by }),
})

/**
 * Writes a link. Only to be called once its data is complete and verified.
 *
 * @throws StoreError `precondition` when the condition does not hold, `late`
 */
export const writeLink = async (
  store: ObjectStore,
  key: string,
  target: Digest,
  { size, by, condition, inTime, condemned, byRule }: WriteLinkOptions = {},
): Promise<void> => {
  const plain = condemned === undefined
  const body = plain ? Buffer.from(target, 'latin1') : condemnedLinkBody(target, condemned, byRule)
  await store.put(key, body, {
    ...(size === undefined && by === undefined ? {} : { metadata: metadataOf(size, by) }),
    ...(condition === undefined ? {} : { condition }),
    ...(inTime === undefined ? {} : { inTime }),
  })
}

/** Whether data has the size that its link records, if it records one; reported if not. */
export const agrees = (
  key: string,
  { target, size: recorded }: RecentLink,
  size: number,
  report: ReportDamage,
): boolean => {
  if (recorded === undefined || recorded === size) return true
  report({ key: dataKey(target), why: `has ${size} bytes, but ${key} records ${recorded}` })
  return false
}

/** Milliseconds for which a link that was seen is believed to be there. */
export const MAX_AGE = 5_000

/** Most links remembered; with their keys about 5 MiB. */
export const MAX_RECENT = 10_000

/** A link without its version, which is of no use later. */
export type RecentLink = Omit<Link, 'etag'>

/** A link that the clean-up has condemned; with its version, to be made plain. */
export type CondemnedLink = Link & { readonly condemned: true }

export const isCondemned = (link: RecentLink | undefined): link is CondemnedLink =>
  link?.condemned === true

/**
 * Links that were seen a moment ago are not read again, so that clients that pull the same image at
 * once, or one layer after another, do not each ask the store.
 *
 * A link only ever ends by a delete. A delete by this instance counts at once, one by another
 * instance within {@link MAX_AGE} unless that tells; a link that is not there is looked for each time. So a manifest
 * may be accepted although another instance deletes one of its blobs in the same seconds. That can
 * happen without this memory as well; the moment is only longer with it.
 */
export interface RecentLinks {
  /**
   * A link as it was at most {@link MAX_AGE} ago; at most one operation.
   *
   * @returns undefined when there is none, or it is deleted, or damaged, which is reported
   */
  read(key: string): Promise<RecentLink | undefined>
  /**
   * The same, and a condemned link is made plain: for those who tell a client that it is there, or
   * accept what relies on it. A condemned link is never remembered. Where it is one, a write more.
   */
  keep(key: string): Promise<RecentLink | undefined>
  /** The same as `read`, and a deleted link, which is never remembered. */
  look(key: string): Promise<RecentLink | DeletedLink | undefined>
  /**
   * Writes a link to data that is complete and verified. One operation.
   *
   * @throws StoreError `precondition` when the condition does not hold, `late`
   */
  write(
    key: string,
    target: Digest,
    size: number | undefined,
    options?: Pick<WriteLinkOptions, 'condition' | 'inTime'>,
  ): Promise<void>
  /**
   * Deletes a version of a link, and forgets it.
   *
   * @returns false when there is another, or none
   * @throws StoreError `unavailable` when it had no answer: it is not sent again
   */
  deleteIf(key: string, etag: string): Promise<boolean>
  /** Forgets a link, because it has changed, and has others forget it. */
  forget(key: string): Promise<void>
  /** Forgets a link, because somebody else has changed it. */
  drop(key: string): void
}

/**
 * The links of a store.
 *
 * @param now clock in milliseconds
 * @param changed tells others that remember links, too, of one that has changed. It never fails
 */
export const createRecentLinks = (
  store: ObjectStore,
  now: () => number,
  report: ReportDamage = unreported,
  changed: (key: string) => Promise<void> = async () => {},
): RecentLinks => {
  const load = async (key: string): Promise<RecentLink | DeletedLink | undefined> => {
    const stored = await readStoredLink(store, key, report)
    return stored?.link ?? stored?.deleted
  }
  const recent = cached(load, {
    now,
    maxAge: MAX_AGE,
    capacity: MAX_RECENT,
    atOnce: 2,
    // One that was pushed again is looked for each time, as one that is not there.
    keeps: (link) => link === undefined || !('since' in link || isCondemned(link)),
  })

  const links: RecentLinks = {
    async read(key) {
      const link = await recent.get(key)
      return link && 'since' in link ? undefined : link
    },

    async keep(key) {
      for (;;) {
        const link = await links.read(key)
        if (!isCondemned(link)) return link
        const { target, size, etag } = link
        // Refused: it was swept, or somebody else has made it plain; the next look tells.
        await tookPlace(links.write(key, target, size, { condition: { ifMatch: etag } }))
      }
    },
    look: recent.get,
    drop: recent.forget,
    async forget(key) {
      recent.forget(key)
      await changed(key)
    },

    async deleteIf(key, etag) {
      try {
        // Written anew, it has the same version: what was sent twice could take it away later.
        return await tookPlace(store.deleteIf(key, etag, { once: true }))
      } finally {
        await links.forget(key)
      }
    },

    async write(key, target, size, options = {}) {
      const write = async () => {
        await writeLink(store, key, target, { ...options, size: size ?? 'unknown' })
        return { target, size }
      }
      await recent.remember(write, key)
    },
  }
  return links
}
