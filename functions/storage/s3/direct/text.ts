/**
 * Bodies that are text.
 *
 * @module
 */

import type { Readable } from 'node:stream'

/** The text of a body; undefined, and the body destroyed, if it has more bytes than `limit`. */
export const textOf = async (body: Readable, limit: number): Promise<string | undefined> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return String(Buffer.concat(chunks, size))
}
