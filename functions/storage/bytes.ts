/**
 * Small helpers for streams of bytes.
 *
 * @module
 */

import { Readable } from 'node:stream'

/** Anything that yields bytes: a Node stream, a web stream, a generator, an array of chunks. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Lets go of a source that is not read to its end, and of what it holds open. */
export const discard = (source: ByteSource): void => {
  if (source instanceof Readable) source.destroy()
}

/**
 * Gives back the memory of a chunk that nobody else will look at again. Left to the collector, the
 * chunks of a download cost several times what there is to do for them: V8 marks the whole heap for
 * every 64 MB of them.
 */
export const release = ({ buffer, byteLength }: Uint8Array): void => {
  // A part of a larger buffer, as of Buffer's pool, is not the chunk's own.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/**
 * Reads a source whole into memory.
 *
 * @param limit most bytes to accept; one more throws RangeError
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
