/**
 * What may be pulled though nobody has signed it: signatures, attestations and SBOMs, which nobody runs.
 *
 * Whoever may push could give an image their media types. containerd goes by these, and unpacks none of them. docker
 * goes by the type of the configuration alone, and podman looks at the bytes: so does this, where there is the
 * configuration of an image, as cosign 2 gives its signatures.
 *
 * @module
 */

import type { Blobs } from '../registry/blobs.ts'
import type { Manifest } from '../registry/manifest.ts'
import { isIndex, OCI_ARTIFACT, SCHEMA1 } from '../registry/media-types.ts'
import { inBatches } from '../shared/parallel.ts'
import { readAll } from '../storage/bytes.ts'
import { isBesideImage, isImageConfig } from './kinds.ts'

/** Most layers that are looked at; cosign adds one for each signature. */
const MOST_LAYERS = 100

/** Bytes of tar's header, and of its checksum in there (POSIX.1-1988, "ustar"). */
const HEADER = 512
const CHECKSUM = { start: 148, end: 156 } as const

/** What compressed files begin with: gzip, bzip2, xz, zstd with and without a frame that is skipped. */
const COMPRESSED = [/^1f8b/, /^425a68/, /^fd377a585a00/, /^28b52ffd/, /^5.2a4d18/]

const SPACE = 0x20

/** Whether tar would take these bytes for a header: with any reader's idea of signed bytes, or for an end. */
const isTarHeader = (head: Uint8Array): boolean => {
  if (head.byteLength < HEADER) return false
  if (head.every((byte) => byte === 0)) return true
  const { start, end } = CHECKSUM
  const written = Buffer.from(head.subarray(start, end)).toString('latin1')
  const stated = Number.parseInt(
    written
      .replaceAll(/[\0 ]+/g, ' ')
      .trim()
      .split(' ', 1)[0] ?? '',
    8,
  )
  const counted = head.map((byte, at) => (at >= start && at < end ? SPACE : byte))
  const sum = counted.reduce((all, byte) => all + byte, 0)
  const signed = counted.reduce((all, byte) => all + (byte > 127 ? byte - 256 : byte), 0)
  return stated === sum || stated === signed
}

/** Whether bytes begin as something that is unpacked. */
export const isUnpackable = (head: Uint8Array): boolean => {
  const hex = Buffer.from(head.subarray(0, 8)).toString('hex')
  return COMPRESSED.some((pattern) => pattern.test(hex)) || isTarHeader(head)
}

/** Whether a manifest of a repository is only about others, and nothing that can be run. */
export const isOnlyAbout = async (
  blobs: Pick<Blobs, 'open'>,
  name: string,
  { mediaType, listed }: Manifest,
): Promise<boolean> => {
  if (isIndex(mediaType) || SCHEMA1.includes(mediaType)) return false
  const [config, layers] =
    mediaType === OCI_ARTIFACT ? [undefined, listed] : [listed[0], listed.slice(1)]
  if (layers.length === 0 || layers.length > MOST_LAYERS) return false
  if (!layers.every((layer) => isBesideImage(layer.mediaType))) return false
  if (config === undefined || !isImageConfig(config.mediaType)) return true
  const heads = await inBatches(layers, async ({ digest, size }) => {
    if (size === 0) return Buffer.alloc(0)
    const { body } = await blobs.open(name, digest, { start: 0, end: HEADER - 1 })
    return readAll(body, HEADER)
  })
  return !heads.some(isUnpackable)
}
