/**
 * Where images come from.
 *
 * @module
 */

import type { Blob } from '../blobs/blob.ts'

/** A manifest, byte for byte. */
export interface Manifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Buffer
}

/** An image or an index, with all that it refers to. */
export interface Image {
  /** Tags that it has where it comes from. */
  readonly tags: readonly string[]
  /** What it is called there, as a whole: `team/app:1.0`, perhaps with a host, or a tag alone. */
  readonly names: readonly string[]
  readonly root: Manifest
}

/** Opened images. What they refer to is looked up when it is needed. */
export interface Source {
  readonly images: readonly Image[]
  /** A manifest that another one refers to. @throws TransferError when it is not there */
  manifest(digest: string, mediaType: string): Promise<Manifest>
  /** @throws TransferError when it is not there */
  blob(digest: string, size: number): Promise<Blob>
}
