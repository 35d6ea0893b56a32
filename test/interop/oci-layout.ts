/**
 * OCI layouts with images that programs can unpack.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../support/live/process.ts'

/** A layer with one file of so many bytes. */
const makeLayer = async (below: string, size: number): Promise<Buffer> => {
  const directory = mkdtempSync(join(below, 'layer-'))
  const [file, tar] = [join(directory, 'file'), join(directory, 'layer.tar')]
  writeFileSync(file, randomBytes(size))
  await run('tar', ['--create', '--file', tar, '--directory', directory, 'file'])
  const bytes = readFileSync(tar)
  rmSync(directory, { recursive: true })
  return bytes
}

const oci = (kind: string) => `application/vnd.oci.image.${kind}`

/** An image of a layout. */
export interface LayoutImage {
  readonly manifest: string
  /** Of its config and layers. */
  readonly blobs: readonly string[]
}

/**
 * Writes a layout with one tag, `v1`: an image, or an index of images for several architectures.
 *
 * @param sizes bytes of each image's layers
 * @returns its images, by architecture
 */
export const writeLayout = async (
  path: string,
  architectures: readonly string[],
  sizes: readonly number[],
): Promise<Readonly<Record<string, LayoutImage>>> => {
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true })
  const put = (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(path, 'blobs/sha256', hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const json = (value: object) => Buffer.from(JSON.stringify(value))
  const images: Record<string, LayoutImage> = {}
  const manifests = []
  for (const architecture of architectures) {
    const layers = []
    for (const size of sizes) layers.push(put(oci('layer.v1.tar'), await makeLayer(path, size)))
    const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }
    const config = put(oci('config.v1+json'), json({ architecture, os: 'linux', rootfs }))
    const mediaType = oci('manifest.v1+json')
    const manifest = put(mediaType, json({ schemaVersion: 2, mediaType, config, layers }))
    const blobs = [config, ...layers].map(({ digest }) => digest)
    images[architecture] = { manifest: manifest.digest, blobs }
    manifests.push({ ...manifest, platform: { architecture, os: 'linux' } })
  }
  const mediaType = oci('index.v1+json')
  const [first, ...more] = manifests
  const tagged =
    more.length === 0 ? first : put(mediaType, json({ schemaVersion: 2, mediaType, manifests }))
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' }
  const index = { schemaVersion: 2, manifests: [{ ...tagged, annotations }] }
  writeFileSync(join(path, 'index.json'), json(index))
  writeFileSync(join(path, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
  return images
}
