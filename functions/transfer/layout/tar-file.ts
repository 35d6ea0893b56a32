/**
 * Files in an archive that is written out of order.
 *
 * @module
 */

import type { FileHandle } from 'node:fs/promises'
import { Header, Pax } from 'tar'

/** Bytes of which everything in an archive is a multiple. */
export const BLOCK = 512
/** Most characters of a name in a header. */
const LONGEST = 100

/** The bytes that so many take in an archive. */
export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

/** The header of a file: the same whenever it is written. A long name, as of SHA-512, has one of its own before. */
export const headerOf = (path: string, size: number): Buffer => {
  const block = Buffer.alloc(BLOCK)
  new Header({
    // What does not fit is left out, rather than put in two places, one of which counts beside the other header.
    path: path.length > LONGEST ? path.slice(0, LONGEST - 1) : path,
    ...{ size, mode: 0o644, type: 'File', uid: 0, gid: 0 },
    mtime: new Date(0),
  }).encode(block, 0)
  return path.length > LONGEST ? Buffer.concat([new Pax({ path }).encode(), block]) : block
}

/** Writes all bytes, wherever in the file. */
export const writeAll = async (
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten
  }
}
