/**
 * Link objects: small files that say a repository has something, or where a tag points. Their body
 * is a bare digest, as distribution writes it.
 *
 * The size of what is linked is kept in the object's metadata, so that one read is enough for a
 * HEAD. Links by distribution, and in stores without metadata, lack it: `size` is then looked up.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import { readAll } from '../storage/bytes.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'
import { dataKey } from './layout.ts'
import { type Digest, isDigest } from './reference.ts'

/** Most bytes read of a link; a sha512 digest has 135 characters. */
const MAX_LINK_BYTES = 256

export interface Link {
  /** Digest the data is under. */
  readonly target: Digest
  /** Bytes of the data, if the link records them. */
  readonly size: number | undefined
  /** Version of the link itself, for conditional writes. */
  readonly etag: string
}

/**
 * Reads a link, in one operation.
 *
 * @returns undefined when there is none
 * @throws Error when the object does not hold a digest: the store is damaged
 */
export const readLink = async (store: ObjectStore, key: string): Promise<Link | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const target = Buffer.from(await readAll(read.body, MAX_LINK_BYTES))
    .toString('latin1')
    .trim()
  if (!isDigest(target)) throw new Error(`the link ${key} does not hold a digest`)
  const size = Number.parseInt(read.info.metadata.size ?? '', 10)
  return { target, size: Number.isSafeInteger(size) ? size : undefined, etag: read.info.etag }
}

export interface WriteLinkOptions {
  /** Bytes of the data that is linked. */
  readonly size?: number
  readonly condition?: WriteCondition
}

/**
 * Writes a link. Only to be called once its data is complete and verified.
 *
 * @throws StoreError `precondition` when the condition does not hold
 */
export const writeLink = async (
  store: ObjectStore,
  key: string,
  target: Digest,
  { size, condition }: WriteLinkOptions = {},
): Promise<void> => {
  await store.put(key, Buffer.from(target, 'latin1'), {
    ...(size === undefined ? {} : { metadata: { size: String(size) } }),
    ...(condition === undefined ? {} : { condition }),
  })
}

/**
 * Size of the data a link points to: no operation if the link records it, otherwise one.
 *
 * @returns undefined when the data is gone
 */
export const linkedSize = async (
  store: ObjectStore,
  link: Pick<Link, 'target' | 'size'>,
): Promise<number | undefined> => link.size ?? (await store.head(dataKey(link.target)))?.size

/** Milliseconds for which a link that was seen is believed to be there. */
export const MAX_AGE = 5_000

/** Most links remembered; with their keys about 5 MiB. */
const MAX_RECENT = 10_000

/** A link without its version, which is of no use later. */
export type RecentLink = Omit<Link, 'etag'>

/**
 * Links that were seen a moment ago are not read again, so that clients that pull the same image at
 * once, or one layer after another, do not each ask the store.
 *
 * A link only ever ends by a delete. A delete by this instance counts at once, one by another
 * instance within {@link MAX_AGE}; a link that is not there is looked for each time. So a manifest
 * may be accepted although another instance deletes one of its blobs in the same seconds. That can
 * happen without this memory as well; the moment is only longer with it.
 */
export interface RecentLinks {
  /**
   * A link as it was at most {@link MAX_AGE} ago; at most one operation.
   *
   * @returns undefined when there is none
   * @throws Error when the object does not hold a digest: the store is damaged
   */
  read(key: string): Promise<RecentLink | undefined>
  /** Writes a link to data that is complete and verified. One operation. */
  write(key: string, target: Digest, size: number | undefined): Promise<void>
  /** Deletes links, and forgets them. */
  delete(keys: readonly string[]): Promise<void>
}

/**
 * The links of a store.
 *
 * @param now clock in milliseconds
 */
export const createRecentLinks = (store: ObjectStore, now: () => number): RecentLinks => {
  const recent = cached((key: string): Promise<RecentLink | undefined> => readLink(store, key), {
    now,
    maxAge: MAX_AGE,
    capacity: MAX_RECENT,
    atOnce: 2,
  })

  return {
    read: recent.get,

    async write(key, target, size) {
      const write = async () => {
        await writeLink(store, key, target, size === undefined ? {} : { size })
        return { target, size }
      }
      await recent.remember(write, key)
    },

    async delete(keys) {
      try {
        await store.delete(keys)
      } finally {
        for (const key of keys) recent.forget(key)
      }
    },
  }
}
