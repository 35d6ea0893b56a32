/**
 * An OCI layout of one layer that is as large as a test wants, of bytes that cannot be compressed.
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

/** Writes it into a directory. @returns the digest of the layer */
export const writeLargeLayout = async (directory: string, mebibytes: number): Promise<string> => {
  const blobs = join(directory, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (content: object | string): { digest: string; size: number } => {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hex), bytes)
    return { digest: `sha256:${hex}`, size: bytes.length }
  }
  const staged = join(directory, 'layer')
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
  const layer = { mediaType: TAR, digest: `sha256:${hex}`, size: mebibytes * MIB }
  const config = put({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  })
  const manifest = put({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, ...config },
    layers: [layer],
  })
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: MANIFEST, ...manifest }] }),
  )
  return layer.digest
}
