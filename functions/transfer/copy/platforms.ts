/**
 * Copies of some of an index's platforms.
 *
 * @module
 */

import { isIndex } from '../../registry/media-types.ts'
import { digestOf } from '../../registry/reference.ts'
import { TransferError } from '../errors.ts'
import type { Manifest } from '../sources/source.ts'
import { type Descriptor, shapeOf } from './shape.ts'

/** A platform as people write it: `os/architecture` or `os/architecture/variant`. */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant: string | undefined
}

/** Reads `linux/arm64` or `linux/arm/v7`. @throws TransferError */
export const parsePlatform = (text: string): Platform => {
  const [, os, architecture, variant] = text.match(/^([\w.-]+)\/([\w.-]+)(?:\/([\w.-]+))?$/) ?? []
  if (os !== undefined && architecture !== undefined) return { os, architecture, variant }
  throw new TransferError(
    `${JSON.stringify(text)} is not a platform: expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, as in linux/arm64`,
  )
}

export const shownPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter((each) => each !== undefined).join('/')

const matches = ({ platform }: Descriptor, wanted: Platform): boolean =>
  platform?.os === wanted.os &&
  platform.architecture === wanted.architecture &&
  (wanted.variant === undefined || platform.variant === wanted.variant)

/** Where BuildKit says which image an attestation in the same index is about. */
const ABOUT = 'vnd.docker.reference.digest'

/** What is left of an index: its one image, or an index of its own. */
export type Chosen = { readonly only: Descriptor } | { readonly index: Manifest }

/**
 * Takes from an index what is for some platforms.
 *
 * @param called its origin
 * @throws TransferError where one of them is not in it
 */
export const choose = (called: string, index: Manifest, platforms: readonly Platform[]): Chosen => {
  const { manifests } = shapeOf(index)
  const missing = platforms.find((each) => !manifests.some((one) => matches(one, each)))
  if (missing !== undefined) {
    const there = manifests
      .map(({ platform }) => platform && `${platform.os}/${platform.architecture}`)
      .filter((each) => each !== undefined && !each.includes('unknown'))
    throw new TransferError(
      `${index.digest} in ${called} has no image for ${shownPlatform(missing)}: it has ${[...new Set(there)].join(', ') || 'none with a platform'}`,
    )
  }
  const kept = manifests.filter((each) => platforms.some((wanted) => matches(each, wanted)))
  const [first] = kept
  if (kept.length === 1 && first !== undefined) return { only: first }
  const digests = new Set(kept.map(({ digest }) => digest))
  const isKept = ({ digest, annotations }: Descriptor): boolean =>
    digests.has(digest) || digests.has(annotations?.[ABOUT] ?? '')
  if (manifests.every(isKept)) return { index }
  const whole = JSON.parse(index.bytes.toString()) as { readonly manifests: readonly Descriptor[] }
  const bytes = Buffer.from(JSON.stringify({ ...whole, manifests: whole.manifests.filter(isKept) }))
  return { index: { digest: digestOf(bytes), mediaType: index.mediaType, bytes } }
}

/** What is copied of a root. */
export const chosenOf = (called: string, root: Manifest, platforms: readonly Platform[]): Chosen =>
  platforms.length === 0 || !isIndex(root.mediaType)
    ? { index: root }
    : choose(called, root, platforms)
