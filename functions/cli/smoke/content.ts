/**
 * What is pushed: random bytes, and manifests that name them.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { OCI_MANIFEST } from '../../registry/media-types.ts'
import { type Digest, digestOf } from '../../registry/reference.ts'
import type { Streamed } from './client.ts'

/** Bytes with their digest. */
export interface Content {
  readonly bytes: Buffer
  readonly digest: Digest
}

/** An image that was pushed. */
export interface Image {
  readonly tag: string
  readonly manifest: Content
  readonly layer: Content
  readonly config: Content
}

/** Bytes or text with their digest. */
export const contentOf = (from: Buffer | string): Content => {
  const bytes = Buffer.from(from as string)
  return { bytes, digest: digestOf(bytes) }
}

/** Random bytes, which were never pushed before. @param size in bytes */
export const randomContent = (size: number): Content => contentOf(randomBytes(size))

/** Bytes of a chunk. */
const CHUNK = 64 * 1024

/** A body with its digest. */
export interface LargeContent extends Streamed {
  readonly digest: Digest
}

/** The same for many bytes, of which no more than some are ever in memory. @param size in bytes */
export const largeContent = (size: number): LargeContent => {
  const block = randomBytes(CHUNK)
  function* chunks(): Generator<Buffer> {
    for (let at = 0; at < size; at += CHUNK) {
      // A copy, since the one before may still be on its way; no two are alike.
      const chunk = Buffer.from(block)
      chunk.writeUInt32BE(at)
      yield chunk.subarray(0, size - at)
    }
  }
  const hash = createHash('sha256')
  for (const chunk of chunks()) hash.update(chunk)
  return { size, chunks, digest: `sha256:${hash.digest('hex')}` }
}

const descriptorOf = (mediaType: string, { bytes, digest }: Content) => ({
  mediaType,
  digest,
  size: bytes.length,
})

/** A config as small as possible, and unique. */
export const newConfig = (): Content =>
  contentOf(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [] },
      config: { Labels: { smoke: randomBytes(8).toString('hex') } },
    }),
  )

/** A manifest of a config and layers, with more fields. */
export const manifestOf = (
  config: Content,
  layers: readonly Content[],
  fields: object = {},
): Content =>
  contentOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: descriptorOf('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((each) =>
        descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip', each),
      ),
      ...fields,
    }),
  )

/** A manifest of exactly this many bytes. */
export const manifestOfSize = (config: Content, size: number): Content => {
  const withPadding = (padding: string) => manifestOf(config, [], { annotations: { padding } })
  return withPadding('x'.repeat(size - withPadding('').bytes.length))
}

/** A referrer of an image: a manifest with it as subject. */
export const referrerOf = (config: Content, subject: Content): Content =>
  manifestOf(config, [], {
    artifactType: 'application/vnd.slipway.smoke',
    subject: descriptorOf(OCI_MANIFEST, subject),
  })
