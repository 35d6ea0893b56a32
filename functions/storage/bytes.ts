/**
 * Small helpers for streams of bytes.
 *
 * @module
 */

/** Anything that yields bytes: a web stream, a Node stream, a generator. */
export type ByteSource = AsyncIterable<Uint8Array>

/**
 * Reads a source whole into memory.
 *
 * @param limit most bytes to accept; one more throws RangeError
 */
export const readAll = async (source: ByteSource, limit: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.byteLength
    if (size > limit) throw new RangeError(`more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
