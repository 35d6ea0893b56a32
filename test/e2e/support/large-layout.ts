/**
 * An OCI layout of layers that are as large, and as many, as a test wants, of bytes that cannot be compressed.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

const MIB = 1024 * 1024
const TAR = 'application/vnd.oci.image.layer.v1.tar'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

type Descriptor = Readonly<Record<'digest', string> & Record<'size', number>>

/** Writes a layer of bytes that cannot be compressed, and differ from layer to layer. */
const writeLayer = async (blobs: string, mebibytes: number): Promise<Descriptor> => {
  const staged = join(blobs, 'staged')
  const file = await open(staged, 'w')
  const hash = createHash('sha256')
  const random = randomBytes(MIB)
  for (let at = 0; at < mebibytes; at += 1) {
    // Each a little different, so that parts that are swapped are noticed.
    random.writeUInt32LE(at)
    hash.update(random)
    await file.write(random)
  }
  await file.close()
  const hex = hash.digest('hex')
  renameSync(staged, join(blobs, hex))
  return { digest: `sha256:${hex}`, size: mebibytes * MIB }
}

/** Writes it into a directory. @returns the digests of the layers, each of so many MiB */
export const writeLargeLayout = async (
  directory: string,
  mebibytes: number,
  count = 1,
): Promise<readonly string[]> => {
  const blobs = join(directory, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (content: object): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(content))
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hex), bytes)
    return { digest: `sha256:${hex}`, size: bytes.length }
  }
  const layers: Descriptor[] = []
  for (let at = 0; at < count; at++) layers.push(await writeLayer(blobs, mebibytes))
  const digests = layers.map(({ digest }) => digest)
  const config = put({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: digests },
  })
  const manifest = put({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, ...config },
    layers: layers.map((layer) => ({ mediaType: TAR, ...layer })),
  })
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: MANIFEST, ...manifest }] }),
  )
  return digests
}
