/**
 * A part for each bucket, in one object: its head says of which version of the bucket each part was made. So whoever
 * brings it up to date looks at those buckets alone that have changed.
 *
 * @module
 */

import * as z from '../shared/schema.ts'
import { discard, readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import { BUCKETS } from './keys.ts'

/** Most bytes of a pack. */
const MAX_BYTES = 512 * 1024 * 1024
/** Bytes of the length of the head. */
const LENGTH = 4

const headSchema = z.object({
  version: z.literal(1),
  /** When all buckets were last known to be right; absent: never, and nobody goes by it. */
  complete: z.optional(z.iso.datetime()),
  /** Version of the terms that were written before. */
  terms: z.optional(z.string()),
  /** Bucket, version of its shard, bytes of its part; in the order of the parts. */
  parts: z.array(
    z.tuple([
      z.int().check(z.nonnegative(), z.lt(BUCKETS)),
      z.string(),
      z.int().check(z.nonnegative()),
    ]),
  ),
})

/** What a pack says of one bucket. */
export interface Part {
  /** Version of the shard that it was made of. */
  readonly etag: string
  readonly bytes: Buffer
}

/** A pack. */
export interface Pack {
  readonly complete: string | undefined
  readonly terms: string | undefined
  /** By bucket. */
  readonly parts: ReadonlyMap<number, Part>
}

/** A pack and the version that was read; no version: there is none. */
export interface ReadPack extends Pack {
  readonly etag: string | undefined
}

const EMPTY: Pack = { complete: undefined, terms: undefined, parts: new Map() }

/** The bytes of a pack. */
export const packed = ({ complete, terms, parts }: Pack): Buffer => {
  const sorted = [...parts].toSorted(([a], [b]) => a - b)
  const head = Buffer.from(
    JSON.stringify({
      version: 1,
      complete,
      terms,
      parts: sorted.map(([bucket, { etag, bytes }]) => [bucket, etag, bytes.length]),
    }),
  )
  const length = Buffer.alloc(LENGTH)
  length.writeUInt32LE(head.length)
  return Buffer.concat([length, head, ...sorted.map(([, { bytes }]) => bytes)])
}

const unpacked = (bytes: Buffer): Pack => {
  if (bytes.length < LENGTH) return EMPTY
  let at = LENGTH + bytes.readUInt32LE(0)
  let json: unknown
  try {
    json = JSON.parse(bytes.subarray(LENGTH, at).toString())
  } catch {
    return EMPTY
  }
  const { data } = headSchema.safeParse(json)
  if (data === undefined) return EMPTY
  const parts = new Map<number, Part>()
  for (const [bucket, etag, length] of data.parts) {
    parts.set(bucket, { etag, bytes: bytes.subarray(at, at + length) })
    at += length
  }
  return at === bytes.length ? { complete: data.complete, terms: data.terms, parts } : EMPTY
}

/** Reads a pack, in one operation. One that is damaged, or of another version, is an empty one. */
export const readPack = async (store: ObjectStore, key: string): Promise<ReadPack> => {
  const read = await store.get(key)
  if (read === undefined) return { ...EMPTY, etag: undefined }
  const { etag, size } = read.info
  if (size <= MAX_BYTES) return { ...unpacked(await readAll(read.body, MAX_BYTES)), etag }
  discard(read.body)
  return { ...EMPTY, etag }
}
