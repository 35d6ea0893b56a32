/**
 * Where the files of a layout are written.
 *
 * @module
 */

import type { Blob } from '../blobs/blob.ts'

/** Files of a layout under way. */
export interface LayoutFiles {
  /** What messages call it. */
  readonly called: string
  /** Bytes of a blob that is there whole. */
  sizeOf(digest: string): Promise<number | undefined>
  /** The bytes of a small one. @throws TransferError when it is not there */
  read(digest: string): Promise<Buffer>
  /** The index.json that is there. */
  index(): Promise<Buffer | undefined>
  /**
   * Writes a blob: it is there whole, or not at all.
   *
   * @param passed is told of bytes as they are written
   */
  write(blob: Blob, passed: (bytes: number) => void): Promise<void>
  /**
   * Ends the layout: what is not a blob is written last.
   *
   * @param last makes these files, by name, in this order; it is given the index.json that is there by then
   */
  finish(last: (index: Buffer | undefined) => Promise<ReadonlyMap<string, Buffer>>): Promise<void>
  /** Whether `docker load` could read it. */
  readonly isArchive: boolean
  /** Leaves it as it is, at once: nothing half-written is left that could be taken for whole. */
  leave(): void
}

/** Where a blob is in a layout. */
export const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`
