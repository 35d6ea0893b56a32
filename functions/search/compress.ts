/**
 * Compressed bytes: what is small at once, the rest on another thread.
 *
 * @module
 */

import { promisify } from 'node:util'
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib'

/** Bytes from which on it takes so long that others would notice. */
const LARGE = 64 * 1024

const inflate = promisify(gunzip)
const deflate = promisify(gzip)

/** Compresses text. */
export const compress = async (text: string): Promise<Buffer> => {
  const bytes = Buffer.from(text)
  return bytes.length < LARGE ? gzipSync(bytes) : deflate(bytes)
}

/**
 * The text of compressed bytes.
 *
 * @param most bytes of it
 * @throws Error when they are damaged, or it is longer
 */
export const decompress = async (bytes: Buffer, most: number): Promise<string> => {
  const options = { maxOutputLength: most }
  const text = bytes.length < LARGE / 8 ? gunzipSync(bytes, options) : await inflate(bytes, options)
  return text.toString()
}
