/**
 * Small helpers for streams of bytes.
 *
 * @module
 */

import { Readable } from 'node:stream'

/** Anything that yields bytes: a Node stream, a web stream, a generator, an array of chunks. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Abandons a source that is not read to its end, and frees what it holds open. */
export const discard = (source: ByteSource): void => {
  if (source instanceof Readable) source.destroy()
}

/**
 * Frees the memory of a chunk that nobody will look at again. If it were left to the garbage
 * collector, the chunks of a download would cost several times as much as the work on them: V8
 * marks the whole heap for every 64 MB.
 */
export const release = ({ buffer, byteLength }: Uint8Array): void => {
  // A slice of a larger buffer, such as Buffer's pool, does not own that memory; another thread may.
  const own = buffer instanceof ArrayBuffer && !buffer.detached
  if (own && buffer.byteLength === byteLength) buffer.transfer(0)
}

/**
 * Reads a source whole into memory.
 *
 * @param limit the most bytes to accept; one more throws RangeError
 */
export const readAll = async (source: ByteSource, limit: number): Promise<Buffer<ArrayBuffer>> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.byteLength
    if (size > limit) throw new RangeError(`more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
