/**
 * The images that are pushed and pulled. Their bytes are random, so nothing can compress them; they are
 * made once, and each round stamps its own number into every layer, so that no registry has it yet.
 *
 * @module
 */

import { createHash, randomFillSync } from 'node:crypto'
import { OCI_MANIFEST } from '../functions/registry/media-types.ts'

/** Bytes and their sha256. */
export interface Blob {
  readonly bytes: Buffer
  readonly digest: string
}

/** An image: its blobs, the config last, and the manifest that names them. */
export interface Image {
  readonly blobs: readonly Blob[]
  readonly manifest: Blob
  /** Bytes of all blobs. */
  readonly size: number
}

/** How many layers of how many bytes. */
export interface Shape {
  readonly layers: number
  readonly layerBytes: number
}

const blobOf = (bytes: Buffer): Blob => ({
  bytes,
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
})

const descriptorOf = (mediaType: string, { bytes, digest }: Blob) => ({
  mediaType,
  digest,
  size: bytes.byteLength,
})

/** Bytes filled at once; one call takes no more than 2 GiB. */
const FILL = 64 * 1024 * 1024

/** Bytes of the stamp at the head of each layer. */
const STAMP = 32

/** Most large images at once; each begins a stamp later in the block than the one before. */
const MOST_LARGE = 8

/** The image of these layers and a config that names them. */
const imageOf = (layers: readonly Blob[]): Image => {
  const config = blobOf(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      }),
    ),
  )
  const manifest = blobOf(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: descriptorOf('application/vnd.oci.image.config.v1+json', config),
        layers: layers.map((layer) =>
          descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip', layer),
        ),
      }),
    ),
  )
  const blobs = [...layers, config]
  return { blobs, manifest, size: blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) }
}

/** Makes images out of one block of random bytes; those made last are invalid from the next call on. */
export interface ImageMaker {
  /** Makes an image no part of which was made before. */
  make(shape: Shape): Image
  /** The image of layers that were made together, for several images at once. */
  of(layers: readonly Blob[]): Image
  /** Makes images of one layer each, which share all of their memory but differ in every byte. */
  makeLarge(count: number, layerBytes: number): readonly Image[]
}

/**
 * Fills the block that images are made of.
 *
 * @param largest bytes of the largest image
 */
export const createImageMaker = (largest: number): ImageMaker => {
  const block = Buffer.allocUnsafe(largest + MOST_LARGE * STAMP)
  for (let at = 0; at < block.byteLength; at += FILL) {
    randomFillSync(block, at, Math.min(FILL, block.byteLength - at))
  }
  return {
    make({ layers, layerBytes }) {
      const cut = (_: unknown, at: number): Blob => {
        const layer = block.subarray(at * layerBytes, (at + 1) * layerBytes)
        randomFillSync(layer, 0, STAMP)
        return blobOf(layer)
      }
      return imageOf(Array.from({ length: layers }, cut))
    },
    of: imageOf,
    makeLarge(count, layerBytes) {
      if (count > MOST_LARGE) throw new RangeError(`${count} large images at once`)
      randomFillSync(block, 0, STAMP * MOST_LARGE)
      return Array.from({ length: count }, (_, at) =>
        imageOf([blobOf(block.subarray(at * STAMP, at * STAMP + layerBytes))]),
      )
    },
  }
}
