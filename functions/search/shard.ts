/**
 * What the index knows of the repositories in one bucket: an object of lines of JSON, compressed; see lines.ts.
 *
 * A damaged shard counts as an empty one, and whoever reads it is told: nobody may go by the index until it was mended.
 * One of a later version is left as it is.
 *
 * @module
 */

import { inTurns } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore } from '../storage/store.ts'
import { compress, decompress } from './compress.ts'
import type { Shard } from './indexed.ts'
import { shardKey } from './keys.ts'
import { LaterLines, parsing, writing } from './lines.ts'
import { MOST_BYTES } from './room.ts'

/** Most bytes of a shard that is read, compressed or not: twice what one has, but for names of repositories alone. */
const MAX_BYTES = 2 * MOST_BYTES

/** A shard and the version that was read; no version: there is none. */
export interface ReadShard {
  readonly shard: Shard
  readonly etag: string | undefined
  /** Bytes, not compressed. */
  readonly size: number
  /** Set when it cannot be read: it is damaged, or a later version has written it. */
  readonly fault?: 'damaged' | 'later'
}

const unread = (etag: string, fault: ReadShard['fault']): ReadShard => ({
  ...{ shard: new Map(), etag, size: 0 },
  ...(fault && { fault }),
})

/** Reads a shard, in one operation. */
export const readShard = async (store: ObjectStore, bucket: number): Promise<ReadShard> => {
  const read = await store.get(shardKey(bucket))
  if (read === undefined) return { shard: new Map(), etag: undefined, size: 0 }
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return unread(etag, 'damaged')
  }
  const bytes = await readAll(read.body, MAX_BYTES)
  try {
    const lines = await decompress(bytes, MAX_BYTES)
    return { shard: await inTurns(parsing(lines)), etag, size: lines.length }
  } catch (error) {
    return unread(etag, error instanceof LaterLines ? 'later' : 'damaged')
  }
}

/**
 * Writes a shard over the version that was read, in one operation.
 *
 * @returns the new version; undefined when there is another by now
 * @throws Error when there are so many repositories that it could not be read again
 */
export const writeShard = async (
  store: ObjectStore,
  bucket: number,
  shard: Shard,
  etag: string | undefined,
): Promise<string | undefined> => {
  const lines = await inTurns(writing(shard))
  const bytes = await compress(lines)
  if (Math.max(lines.length, bytes.length) > MAX_BYTES) {
    throw new Error(`bucket ${bucket} of the index would have ${lines.length} bytes`)
  }
  const condition = etag === undefined ? ({ ifNoneMatch: '*' } as const) : { ifMatch: etag }
  return putUnlessChanged(store, shardKey(bucket), bytes, condition)
}
