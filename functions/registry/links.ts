/**
 * Link objects: small files that say a repository has something, or where a tag points. Their body
 * is a bare digest, as distribution writes it.
 *
 * The size of what is linked rides along in the object's metadata, so that one read answers a HEAD.
 * Links by distribution, and stores without metadata, lack it: `size` is then looked up.
 *
 * @module
 */

import { readAll } from '../storage/bytes.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'
import { type Digest, isDigest } from './digest.ts'
import { dataKey } from './layout.ts'

/** Longest link body read: a sha512 digest has 135 characters. */
const MAX_LINK_BYTES = 256

export interface Link {
  /** Digest the data is under. */
  readonly target: Digest
  /** Bytes of the data, where the link says so. */
  readonly size: number | undefined
  /** Version of the link itself, for conditional writes. */
  readonly etag: string
}

/**
 * Reads a link, in one operation.
 *
 * @returns undefined when there is none
 * @throws Error when the object holds no digest: the store is damaged
 */
export const readLink = async (store: ObjectStore, key: string): Promise<Link | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const target = Buffer.from(await readAll(read.body, MAX_LINK_BYTES))
    .toString('latin1')
    .trim()
  if (!isDigest(target)) throw new Error(`the link ${key} holds no digest`)
  const size = Number.parseInt(read.info.metadata.size ?? '', 10)
  return { target, size: Number.isSafeInteger(size) ? size : undefined, etag: read.info.etag }
}

export interface WriteLinkOptions {
  /** Bytes of the data the link stands for. */
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
 * Size of the data a link stands for: no operation if the link says it, else one.
 *
 * @returns undefined when the data is gone
 */
export const linkedSize = async (
  store: ObjectStore,
  link: Pick<Link, 'target' | 'size'>,
): Promise<number | undefined> => link.size ?? (await store.head(dataKey(link.target)))?.size
