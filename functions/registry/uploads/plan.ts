/**
 * Which parts a client sends to the store itself: declared before the first one, and kept in the upload's
 * state.
 *
 * @module
 */

import { MAX_PART_SIZE, MAX_PARTS, MIN_PART_SIZE } from '../../storage/store.ts'
import { RegistryError } from '../errors.ts'
import { dataKey, uploadDataKey } from '../layout.ts'
import { algorithmOf, CANONICAL, type Digest, hexOf } from '../reference.ts'
import type { UploadLimits } from './limits.ts'
import { newNonce } from './segments.ts'
import type { UploadState } from './state.ts'

/** What a client declares of a blob that it sends in parts. */
export interface Declared {
  readonly digest: Digest
  /** Bytes of the blob. */
  readonly size: number
  /** Bytes of every part but the last. */
  readonly partSize: number
}

/** A part that a client asks to send. */
export interface WantedPart {
  /** From 1. */
  readonly number: number
  /** Hex SHA-256 of its bytes. */
  readonly sha256: string
}

/** The parts of an upload, and where they go. */
export type Plan = NonNullable<UploadState['parts']>

/** How large blobs may be that a client sends in parts: bytes, 0 for none. */
export interface PartsOffer {
  /** In one part. */
  readonly one: number
  /** In several. */
  readonly several: number
}

/** The most that any store takes. */
const MOST = MAX_PARTS * MAX_PART_SIZE

/** What a host with these limits can bring to an end. */
export const offerOf = (limits: UploadLimits | undefined): PartsOffer => ({
  one: MAX_PART_SIZE,
  several: limits === undefined ? MOST : limits.parts,
})

/** Number of parts of a blob. */
export const countOf = ({ size, partSize }: Pick<Declared, 'size' | 'partSize'>): number =>
  Math.ceil(size / partSize)

/** Bytes of a part. */
export const sizeOf = ({ size, partSize }: Declared, number: number): number =>
  Math.min(partSize, size - (number - 1) * partSize)

const wrong = (message: string): RegistryError => new RegistryError('PARTS_INVALID', message)

/**
 * Refuses several parts where the host cannot read them back. Hashes of parts, whoever computed them, prove
 * nothing of the whole.
 *
 * @throws RegistryError BLOB_TOO_LARGE_HERE
 */
export const checkSeveral = (limits: UploadLimits | undefined, size: number): void => {
  const { one, several } = offerOf(limits)
  if (limits === undefined || size <= several) return
  throw new RegistryError(
    'BLOB_TOO_LARGE_HERE',
    `the blob's ${size} bytes in several parts must be read back to compute its digest, but this host reads back at most ${several}: send it as one part, which may have ${one} bytes, or ${limits.instead}`,
  )
}

/**
 * Checks what a client declares.
 *
 * @throws RegistryError PARTS_INVALID, DIGEST_INVALID, BLOB_TOO_LARGE, BLOB_TOO_LARGE_HERE
 */
export const checkDeclared = (limits: UploadLimits | undefined, declared: Declared): void => {
  const { digest, size, partSize } = declared
  if (algorithmOf(digest) !== CANONICAL) {
    throw new RegistryError(
      'DIGEST_INVALID',
      `the digest ${digest} cannot be sent in parts: only ${CANONICAL} digests can`,
    )
  }
  if (size < 1) throw wrong('the size is 0: send an empty blob without parts')
  if (partSize > MAX_PART_SIZE) {
    throw wrong(`the partSize is ${partSize}: a part has at most ${MAX_PART_SIZE} bytes`)
  }
  const count = countOf(declared)
  if (count === 1) return
  if (partSize < MIN_PART_SIZE) {
    throw wrong(`the partSize is ${partSize}: each part but the last has ${MIN_PART_SIZE} or more`)
  }
  if (count > MAX_PARTS) {
    throw wrong(`${size} bytes in parts of ${partSize} are ${count} parts: at most ${MAX_PARTS}`)
  }
  checkSeveral(limits, size)
}

/**
 * Checks the parts that are asked for.
 *
 * @throws RegistryError PARTS_INVALID; DIGEST_INVALID where the only part has not the blob's digest
 */
export const checkWanted = (declared: Declared, wanted: readonly WantedPart[]): void => {
  const count = countOf(declared)
  const numbers = new Set(wanted.map(({ number }) => number))
  if (numbers.size < wanted.length) throw wrong('a part is asked for twice')
  for (const { number, sha256 } of wanted) {
    if (number > count) throw wrong(`there is no part ${number}: the blob has ${count}`)
    if (count > 1 || sha256 === hexOf(declared.digest)) continue
    throw new RegistryError(
      'DIGEST_INVALID',
      `the only part has the hash ${sha256}, but the blob's digest is ${declared.digest}`,
    )
  }
}

/**
 * Where the parts go. The only part of a blob goes to its digest key: the store itself has checked that its
 * hash is the digest, and nothing stands there until the upload is completed. Several go to a staging key
 * that no other upload has.
 */
export const keyOf = (uuid: string, { digest, nonce }: Pick<Plan, 'digest' | 'nonce'>): string =>
  nonce === undefined ? dataKey(digest) : uploadDataKey(uuid, nonce)

/** What makes the staging key unique; undefined for one part, which needs none. */
export const nonceFor = (declared: Declared): string | undefined =>
  countOf(declared) === 1 ? undefined : newNonce()
