/**
 * In how many parts a blob is sent.
 *
 * @module
 */

import type { Offer } from './offer.ts'

const MEBIBYTE = 1024 * 1024
/** A blob up to this size is one part, which the registry need not read back. */
const MAX_ONE = 32 * MEBIBYTE
/** The same for one of several, whose connections are beside its own. */
const MAX_ONE_OF_SEVERAL = 128 * MEBIBYTE
/** What part of a push such a blob may be: four like it keep as many connections busy. */
const SEVERAL = 4
/** Bytes of one of several parts. */
const PART = 8 * MEBIBYTE
/** Most parts of a blob. */
export const MOST_PARTS = 10_000

/**
 * Bytes of each part, or undefined where the blob cannot be sent in parts.
 *
 * @param size bytes of the blob, @param total of all blobs that are sent with it, if that is known
 */
export const partSizeOf = (
  size: number,
  { one, several = size }: Offer,
  total = size,
): number | undefined => {
  const most = size * SEVERAL <= total ? MAX_ONE_OF_SEVERAL : MAX_ONE
  if (size > Math.min(most, one) && size <= several) {
    return Math.max(PART, Math.ceil(size / MOST_PARTS / MEBIBYTE) * MEBIBYTE)
  }
  return size <= one ? size : undefined
}
