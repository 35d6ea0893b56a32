/**
 * Blobs that are sent: bytes that can be read from anywhere, as often as needed.
 *
 * @module
 */

import { createReadStream } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { TransferError } from '../errors.ts'

/** A blob. */
export interface Blob {
  readonly digest: string
  /** Bytes. */
  readonly size: number
  /** A stream of the bytes from `start` up to, but not including, `end`. */
  stream(start: number, end: number): Readable
  /** The same bytes in memory. */
  read(start: number, end: number): Promise<Buffer<ArrayBuffer>>
}

/** Bytes read from a file at a time. */
const READ = 1024 * 1024

/** A blob that is a file, or lies in one. @param first where in the file it begins */
export const fileBlob = (path: string, digest: string, size: number, first = 0): Blob => ({
  digest,
  size,
  stream: (start, end) =>
    start === end
      ? Readable.from([])
      : createReadStream(path, {
          ...{ start: first + start, end: first + end - 1 },
          highWaterMark: READ,
        }),
  async read(start, end) {
    const file = await openFile(path)
    try {
      const bytes = Buffer.allocUnsafe(end - start)
      let filled = 0
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(
          bytes,
          filled,
          bytes.length - filled,
          first + start + filled,
        )
        if (bytesRead === 0) throw new TransferError(`${path} was cut while it was read`)
        filled += bytesRead
      }
      return bytes
    } finally {
      await file.close()
    }
  },
})

/** A blob in memory. */
export const bytesBlob = (bytes: Uint8Array, digest: string): Blob => ({
  digest,
  size: bytes.length,
  stream: (start, end) => Readable.from([bytes.subarray(start, end)]),
  read: async (start, end) => Buffer.from(bytes.subarray(start, end)),
})
