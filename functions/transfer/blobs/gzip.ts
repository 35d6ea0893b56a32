/**
 * Compresses layers, on all processors: blocks of a stream are compressed at the same time, each with the
 * end of the one before as its dictionary. The result depends on the bytes alone.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'

const compress = promisify(
  (bytes: Uint8Array, options: object, done: (error: Error | null, result: Buffer) => void) =>
    deflateRaw(bytes, options, done),
)

/** Bytes that are compressed at a time. */
const BLOCK = 1024 * 1024
/** Bytes that deflate can look back. */
const WINDOW = 32 * 1024
/** Magic, deflate, no flags, no time, no extra flags, an unknown system (RFC 1952). */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])

/** Bytes in blocks of equal size. */
async function* inBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pending: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    pending.push(chunk)
    size += chunk.byteLength
    if (size < BLOCK) continue
    const all = Buffer.concat(pending, size)
    let at = 0
    for (; at + BLOCK <= size; at += BLOCK) yield all.subarray(at, at + BLOCK)
    pending = [all.subarray(at)]
    size -= at
  }
  if (size > 0) yield Buffer.concat(pending, size)
}

/** The compressed blocks, in order; some are under way at a time. */
async function* compressed(
  source: AsyncIterable<Uint8Array>,
  seen: (block: Buffer) => void,
): AsyncGenerator<Buffer> {
  const underWay: Promise<Buffer>[] = []
  const most = availableParallelism() * 2
  let before: Buffer | undefined
  for await (const block of inBlocks(source)) {
    seen(block)
    const dictionary = before?.subarray(-WINDOW)
    const flush = { finishFlush: constants.Z_SYNC_FLUSH, level: 6 }
    underWay.push(compress(block, dictionary === undefined ? flush : { ...flush, dictionary }))
    before = block
    if (underWay.length >= most) yield (await underWay.shift())!
  }
  for (const each of underWay) yield await each
  yield await compress(new Uint8Array(), {})
}

/** A compressed file. */
export interface Compressed {
  readonly digest: string
  readonly size: number
  /** Digest of the bytes before. */
  readonly diffId: string
}

/** Compresses bytes into a file. */
export const gzipTo = async (
  path: string,
  source: AsyncIterable<Uint8Array>,
): Promise<Compressed> => {
  const [hash, plain] = [createHash('sha256'), createHash('sha256')]
  let [crc, length, size] = [0, 0, 0]
  const seen = (block: Buffer) => {
    crc = crc32(block, crc)
    plain.update(block)
    length += block.length
  }
  async function* whole() {
    yield HEADER
    yield* compressed(source, seen)
    const trailer = Buffer.alloc(8)
    trailer.writeUInt32LE(crc)
    trailer.writeUInt32LE(length % 2 ** 32, 4)
    yield trailer
  }
  async function* counted() {
    for await (const bytes of whole()) {
      hash.update(bytes)
      size += bytes.length
      yield bytes
    }
  }
  await pipeline(counted, createWriteStream(path))
  return {
    digest: `sha256:${hash.digest('hex')}`,
    size,
    diffId: `sha256:${plain.digest('hex')}`,
  }
}
