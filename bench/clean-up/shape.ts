/**
 * A registry so large that it cannot be kept: all there is of it is computed from numbers.
 *
 * A blob's digest is made up, so that the blob at a place in the order of digests is known without sorting. A
 * manifest's digest is true, since the clean-up looks: those alone are in memory, 36 bytes each.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'

/** How large it is. */
export interface Shape {
  readonly repositories: number
  /** Images of a repository, each with a tag. */
  readonly images: number
  /** Blobs of an image, its config among them; no other image has them. */
  readonly blobs: number
}

/** Links of blobs and manifests. */
export const linksOf = ({ repositories, images, blobs }: Shape): number =>
  repositories * images * (blobs + 1)

/** Of so many repositories one has lost the manifest of its first image, and as many are pushed to in a day. */
const HUNDREDTH = 100
const LOST = 50
const PUSHED = 7

/** Of so many blobs one has no link. */
const ORPHANS = 1000

/** Bytes of each blob. */
export const BLOB_SIZE = 1_000_000

/** Hex digits that place a blob among others, and those that name its place. */
const HEAD = 12
const PLACE = 8
const SPAN = 16 ** HEAD

const DIGEST = 32

const PRIMES = [7_368_787, 6_700_417, 5_915_587]

/** Whether the manifest of a repository's first image is gone. */
export const hasLost = (repository: number): boolean => repository % HUNDREDTH === LOST

/** Whether a repository is pushed to. */
export const isPushedTo = (repository: number): boolean => repository % HUNDREDTH === PUSHED

/** The number that gives 1 modulo `of`, times `value`. */
const inverse = (value: number, of: number): number => {
  let [a, b, x, y] = [value % of, of, 1, 0]
  while (b !== 0) {
    const times = Math.floor(a / b)
    ;[a, b] = [b, a - times * b]
    ;[x, y] = [y, x - times * y]
  }
  return ((x % of) + of) % of
}

/** What is computed of a registry. */
export interface Numbers {
  readonly shape: Shape
  /** Blobs there are, and manifests. */
  readonly blobs: number
  readonly manifests: number
  /** The digest, in hex, of the blob at a place in the order of digests. */
  blobAt(place: number): string
  /** That of a repository's blob, by its number there. */
  blobOf(repository: number, at: number): string
  /** Place and number of a blob; undefined: there is none. */
  findBlob(hex: string): { readonly place: number; readonly number: number } | undefined
  /** The first place at which a blob is that is not before these hex digits. */
  placeFrom(hex: string): number
  manifestBytes(number: number): Buffer
  /** The digest of a manifest, in hex. */
  manifestOf(number: number): string
  /** The number of the manifest at a place in the order of digests. */
  manifestAt(place: number): number
  /** The first place at which a manifest is that is not before these hex digits. */
  manifestFrom(hex: string): number
}

/** A manifest with its blobs, by their digests. */
export const manifestWith = (name: string, blobs: readonly string[]): Buffer => {
  const descriptors = blobs.map((hex) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: `sha256:${hex}`,
    size: BLOB_SIZE,
  }))
  const [config, ...layers] = descriptors
  const annotations = { name }
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, annotations }),
  )
}

export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** Computes a registry. */
export const openNumbers = (shape: Shape): Numbers => {
  const perRepository = shape.images * shape.blobs
  const linked = shape.repositories * perRepository
  const blobs = linked + Math.ceil(linked / ORPHANS)
  const manifests = shape.repositories * shape.images
  const step = PRIMES.find((prime) => blobs % prime !== 0)
  if (step === undefined) throw new Error(`no step for ${blobs} blobs`)
  const back = inverse(step, blobs)

  const blobAt = (place: number): string => {
    const head = Math.floor((place / blobs) * SPAN)
    const named = place.toString(16).padStart(PLACE, '0')
    return `${head.toString(16).padStart(HEAD, '0')}${named.repeat(7)}`.slice(0, 2 * DIGEST)
  }
  const blobOf = (repository: number, at: number): string =>
    blobAt(((repository * perRepository + at) * step) % blobs)
  const manifestBytes = (number: number): Buffer => {
    const repository = Math.floor(number / shape.images)
    const first = (number % shape.images) * shape.blobs
    const its = Array.from({ length: shape.blobs }, (_, at) => blobOf(repository, first + at))
    return manifestWith(`${number}`, its)
  }

  const digests = Buffer.alloc(manifests * DIGEST)
  for (let at = 0; at < manifests; at++) sha256(manifestBytes(at)).copy(digests, at * DIGEST)
  const start = (number: number): number => number * DIGEST
  const order = Uint32Array.from({ length: manifests }, (_, at) => at).sort((a, b) =>
    digests.compare(digests, start(b), start(b) + DIGEST, start(a), start(a) + DIGEST),
  )
  const manifestOf = (number: number): string =>
    digests.toString('hex', start(number), start(number) + DIGEST)

  /** The first place, of so many in order, whose digest is not before these hex digits. */
  const seek = (places: number, at: (place: number) => string, hex: string): number => {
    let [low, high] = [0, places]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (at(middle) < hex) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    shape,
    blobs,
    manifests,
    blobAt,
    blobOf,
    findBlob(hex) {
      const place = Number.parseInt(hex.slice(HEAD, HEAD + PLACE), 16)
      if (!(place < blobs) || blobAt(place) !== hex) return undefined
      return { place, number: (place * back) % blobs }
    },
    placeFrom: (hex) => seek(blobs, blobAt, hex),
    manifestBytes,
    manifestOf,
    manifestAt: (place) => order[place]!,
    manifestFrom: (hex) => seek(manifests, (place) => manifestOf(order[place]!), hex),
  }
}
