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

/** Compresses bytes. */
export const compress = async (bytes: Buffer): Promise<Buffer> =>
  bytes.length < LARGE ? gzipSync(bytes) : deflate(bytes)

/**
 * Bytes as they were before they were compressed.
 *
 * @param most of them
 * @throws Error when they are damaged, or more
 */
export const decompress = async (bytes: Buffer, most: number): Promise<Buffer> => {
  const options = { maxOutputLength: most }
  return bytes.length < LARGE / 8 ? gunzipSync(bytes, options) : inflate(bytes, options)
}
