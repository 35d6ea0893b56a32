/**
 * What the index knows of the repositories in one bucket: an object of lines of JSON, compressed; see lines.ts.
 *
 * A shard that is damaged, or of another version, counts as an empty one: whoever mends the index writes it anew.
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
import { parsing, writing } from './lines.ts'
import { MOST_BYTES } from './room.ts'

/** Most bytes of a shard that is read, compressed or not: twice what one has, but for names of repositories alone. */
const MAX_BYTES = 2 * MOST_BYTES

/** A shard and the version that was read; no version: there is none. */
export interface ReadShard {
  readonly shard: Shard
  readonly etag: string | undefined
  /** Bytes, not compressed. */
  readonly size: number
}

/** Reads a shard, in one operation. */
export const readShard = async (store: ObjectStore, bucket: number): Promise<ReadShard> => {
  const read = await store.get(shardKey(bucket))
  if (read === undefined) return { shard: new Map(), etag: undefined, size: 0 }
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { shard: new Map(), etag, size: 0 }
  }
  const bytes = await readAll(read.body, MAX_BYTES)
  try {
    const lines = await decompress(bytes, MAX_BYTES)
    return { shard: await inTurns(parsing(lines)), etag, size: lines.length }
  } catch {
    return { shard: new Map(), etag, size: 0 }
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
