/**
 * Content that tests push: blobs, and manifests that refer to them.
 *
 * @module
 */

import { createCipheriv, createHash } from 'node:crypto'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { type Digest, digestOf } from '../../../functions/registry/reference.ts'
import { type Exchange, play } from './exchange.ts'
import type { Host } from './host.ts'

/** Bytes with their digests. */
export interface Content {
  readonly bytes: Buffer
  readonly sha256: Digest
  readonly sha512: Digest
}

/** Computed where they are asked for: of many bytes that takes a while, and few tests want both. */
const withDigests = (bytes: Buffer): Content => {
  let sha256: Digest | undefined
  let sha512: Digest | undefined
  return {
    bytes,
    get sha256() {
      sha256 ??= digestOf(bytes)
      return sha256
    },
    get sha512() {
      sha512 ??= digestOf(bytes, 'sha512')
      return sha512
    },
  }
}

/** Bytes or text with its digests. */
export const contentOf = (from: Uint8Array | string): Content =>
  withDigests(Buffer.from(from as string))

/** From this size on bytes come from a cipher, which is faster than a hash. */
const LARGE = 1024 * 1024

/** The same bytes for the same seed and size, and no others like them. */
export const blob = (seed: string, size: number): Content => {
  if (size < LARGE)
    return withDigests(createHash('shake256', { outputLength: size }).update(seed).digest())
  const key = createHash('sha256').update(`${seed} ${size}`).digest()
  return withDigests(
    createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size)),
  )
}

/** A descriptor of content. */
export const descriptorOf = (mediaType: string, { bytes, sha256 }: Content) => ({
  mediaType,
  digest: sha256,
  size: bytes.byteLength,
})

export const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'
export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** A config every test may use. */
export const CONFIG = contentOf('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}')

/** An image manifest of {@link CONFIG} and these layers, with further or other fields. */
export const imageOf = (layers: readonly Content[] = [], fields: object = {}): Content =>
  contentOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: descriptorOf(CONFIG_TYPE, CONFIG),
      layers: layers.map((each) => descriptorOf(LAYER_TYPE, each)),
      ...fields,
    }),
  )

/** An index of image manifests, with further or other fields. */
export const indexOf = (manifests: readonly Content[] = [], fields: object = {}): Content =>
  contentOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: manifests.map((each) => descriptorOf(OCI_MANIFEST, each)),
      ...fields,
    }),
  )

/** The push of a blob in one request. */
export const putBlob = (name: string, { bytes, sha256 }: Content): Exchange => ({
  send: `POST /v2/${name}/blobs/uploads/?digest=${sha256}`,
  headers: { 'Content-Type': 'application/octet-stream' },
  body: bytes,
  status: 201,
})

/** The push of a manifest by tag or digest. */
export const putManifest = (
  name: string,
  reference: string,
  { bytes }: Content,
  type: string = OCI_MANIFEST,
): Exchange => ({
  send: `PUT /v2/${name}/manifests/${reference}`,
  headers: { 'Content-Type': type },
  body: bytes,
  status: 201,
})

/** Pushes an image of {@link CONFIG} without layers under tags of a repository. */
export const pushTags = async (
  host: Host,
  name: string,
  tags: readonly string[],
  image: Content = imageOf(),
): Promise<void> => {
  const steps = tags.map((tag) => putManifest(name, tag, image))
  await play(host, [putBlob(name, CONFIG), ...steps])
}
