/**
 * The images that the suites push, and the checks of their copies in a registry.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { projectRoot, run } from '../../support/live/process.ts'

/**
 * Five layers of 129 MB, three of 4, 9 and 50 MB, a hundred of a file each, three with one of 10 MB, two of
 * 1 MB; or Debian's minbase alone, to build on.
 */
export type ImageName = 'full' | 'heavy' | 'layers' | 'medium' | 'small' | 'base'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

interface Manifest {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** An image, by its digests. */
export interface Image {
  readonly manifest: string
  readonly config: string
  readonly layers: readonly string[]
  /** Digests of the uncompressed layers. */
  readonly diffIds: readonly string[]
}

/** What image.sh needs to build them. */
export const IMAGE_PROGRAMS: readonly string[] = ['debootstrap', 'umoci', 'skopeo', 'apt-get']

/** An image on disk, as built by image.sh. */
export interface SourceImage extends Image {
  readonly name: ImageName
  /** OCI layout; the image's tag there is `v1`. */
  readonly layout: string
  readonly ociArchive: string
  readonly dockerArchive: string
}

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Reads a blob of an OCI layout, and checks it against its digest. */
const layoutBlob = (layout: string, digest: string): Buffer => {
  const bytes = readFileSync(join(layout, 'blobs', digest.replace(':', '/')))
  assert.equal(sha256(bytes), digest, `${digest} in ${layout}`)
  return bytes
}

/** Reads the only image of an OCI layout, and checks every blob against its digest. */
export const readLayout = (layout: string): Image => {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
  assert.equal(index.manifests.length, 1, `images in ${layout}`)
  const manifest: string = index.manifests[0].digest
  const { config, layers }: Manifest = JSON.parse(layoutBlob(layout, manifest).toString())
  const { rootfs } = JSON.parse(layoutBlob(layout, config.digest).toString())
  for (const layer of layers) layoutBlob(layout, layer.digest)
  return {
    manifest,
    config: config.digest,
    layers: layers.map((layer) => layer.digest),
    diffIds: rootfs.diff_ids,
  }
}

/** Builds the images unless they exist, and describes one of them. */
export const sourceImage = async (name: ImageName): Promise<SourceImage> => {
  const script = join(projectRoot, 'test/e2e/image.sh')
  const directory = (await run(script, [], { timeout: 900_000 })).trim()
  const layout = join(directory, 'oci', name)
  return {
    ...readLayout(layout),
    name,
    layout,
    ociArchive: join(directory, `${name}.oci.tar`),
    dockerArchive: join(directory, `${name}.docker.tar`),
  }
}

const accept = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

const succeeded = async (url: string, headers: Record<string, string> = {}): Promise<Response> => {
  const response = await fetch(url, { headers })
  assert.equal(response.status, 200, `GET ${url}`)
  return response
}

/** The digests of a blob's bytes as they are and uncompressed, and its size. */
const digestBlob = async (
  url: string,
  mediaType: string,
): Promise<{ blob: string; diffId: string; size: number }> => {
  const response = await succeeded(url)
  assert.ok(response.body)
  const packed = createHash('sha256')
  const unpacked = createHash('sha256')
  let size = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      packed.update(chunk)
      done(null, chunk)
    },
  })
  // Docker Engine 29 keeps layers as they were loaded.
  const unpack = mediaType.endsWith('gzip') ? createGunzip() : new PassThrough()
  await pipeline(Readable.fromWeb(response.body), count, unpack, async (chunks) => {
    for await (const chunk of chunks) unpacked.update(chunk)
  })
  return {
    blob: `sha256:${packed.digest('hex')}`,
    diffId: `sha256:${unpacked.digest('hex')}`,
    size,
  }
}

/**
 * Reads a whole image out of a registry over plain HTTP and checks every byte: manifest, config and
 * layers against their digests and sizes, unpacked layers against the config's diff IDs.
 */
export const readRegistry = async (
  address: string,
  repository: string,
  reference: string,
): Promise<Image> => {
  const base = `http://${address}/v2/${repository}`
  const response = await succeeded(`${base}/manifests/${reference}`, { accept })
  const bytes = Buffer.from(await response.arrayBuffer())
  const manifest = sha256(bytes)
  assert.equal(response.headers.get('docker-content-digest'), manifest)
  const { config, layers }: Manifest = JSON.parse(bytes.toString())

  const configResponse = await succeeded(`${base}/blobs/${config.digest}`)
  const configBytes = Buffer.from(await configResponse.arrayBuffer())
  assert.equal(sha256(configBytes), config.digest)
  assert.equal(configBytes.length, config.size)
  const diffIds: string[] = JSON.parse(configBytes.toString()).rootfs.diff_ids

  assert.equal(layers.length, diffIds.length)
  for (const [position, layer] of layers.entries()) {
    const read = await digestBlob(`${base}/blobs/${layer.digest}`, layer.mediaType)
    assert.equal(read.blob, layer.digest)
    assert.equal(read.size, layer.size)
    assert.equal(read.diffId, diffIds[position])
  }
  return { manifest, config: config.digest, layers: layers.map((layer) => layer.digest), diffIds }
}

/** Only the digests of an image, for comparisons. */
export const identity = ({ manifest, config, layers, diffIds }: Image): Image => ({
  manifest,
  config,
  layers,
  diffIds,
})
