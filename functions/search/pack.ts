/**
 * A part for each bucket, in one object: its head says of which version of the bucket each part was made. So whoever
 * brings it up to date looks at those buckets alone that have changed.
 *
 * @module
 */

import { crc32 } from 'node:zlib'
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
  /** Bucket, version of its shard, bytes of its part, and their sum; in the order of the parts. */
  parts: z.array(
    z.tuple([
      z.int().check(z.nonnegative(), z.lt(BUCKETS)),
      z.string(),
      z.int().check(z.nonnegative()),
      z.int(),
    ]),
  ),
})

const laterSchema = z.object({ version: z.int().check(z.gt(1)) })

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
  /** Whether parts of it were damaged: they are missing. */
  readonly damaged: boolean
  /** Whether a later version has written it: nobody is to write over it. */
  readonly later: boolean
}

type Unpacked = Omit<ReadPack, 'etag'>

const EMPTY: Unpacked = {
  complete: undefined,
  terms: undefined,
  parts: new Map(),
  damaged: true,
  later: false,
}

/** The bytes of a pack. */
export const packed = ({ complete, terms, parts }: Pack): Buffer => {
  const sorted = [...parts].toSorted(([a], [b]) => a - b)
  const head = Buffer.from(
    JSON.stringify({
      version: 1,
      complete,
      terms,
      parts: sorted.map(([bucket, { etag, bytes }]) => [bucket, etag, bytes.length, crc32(bytes)]),
    }),
  )
  const length = Buffer.alloc(LENGTH)
  length.writeUInt32LE(head.length)
  return Buffer.concat([length, head, ...sorted.map(([, { bytes }]) => bytes)])
}

const unpacked = (bytes: Buffer): Unpacked => {
  if (bytes.length < LENGTH) return EMPTY
  let at = LENGTH + bytes.readUInt32LE(0)
  let json: unknown
  try {
    json = JSON.parse(bytes.subarray(LENGTH, at).toString())
  } catch {
    return EMPTY
  }
  const { data } = headSchema.safeParse(json)
  if (data === undefined) return { ...EMPTY, later: laterSchema.safeParse(json).success }
  const parts = new Map<number, Part>()
  let damaged = false
  for (const [bucket, etag, length, sum] of data.parts) {
    const part = bytes.subarray(at, at + length)
    at += length
    // What is missing is made again by whoever sums up next.
    if (part.length === length && crc32(part) === sum) parts.set(bucket, { etag, bytes: part })
    else damaged = true
  }
  const { complete, terms } = data
  return { complete, terms, parts, damaged, later: false }
}

/** Reads a pack, in one operation. One whose head is damaged, or of another version, is an empty one. */
export const readPack = async (store: ObjectStore, key: string): Promise<ReadPack> => {
  const read = await store.get(key)
  if (read === undefined) return { ...EMPTY, damaged: false, etag: undefined }
  const { etag, size } = read.info
  if (size <= MAX_BYTES) return { ...unpacked(await readAll(read.body, MAX_BYTES)), etag }
  discard(read.body)
  return { ...EMPTY, etag }
}
