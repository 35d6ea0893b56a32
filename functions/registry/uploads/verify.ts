/**
 * Checks a blob's bytes against its digest.
 *
 * @module
 */

import { RegistryError } from '../errors.ts'
import { algorithmOf, CANONICAL, type Digest, hexOf } from '../reference.ts'
import { algorithmsFor, fastHash, type Hashes } from './hash.ts'

const mismatch = (digest: Digest, hashes: Hashes): RegistryError => {
  const actual = `${algorithmOf(digest)}:${hashes[algorithmOf(digest)]}`
  return new RegistryError('DIGEST_INVALID', `the content's digest is ${actual}, not ${digest}`, {
    detail: { digest, actual },
  })
}

/**
 * Checks hashes against the digest a client declared.
 *
 * @returns the digest that the data is stored under
 * @throws RegistryError DIGEST_INVALID
 */
export const verify = (digest: Digest, hashes: Hashes): Digest => {
  if (hashes[algorithmOf(digest)] !== hexOf(digest)) throw mismatch(digest, hashes)
  return `${CANONICAL}:${hashes[CANONICAL]}`
}

/** Whether these hashes are all that {@link verify} needs. */
export const covers = (hashes: Hashes, digest: Digest): boolean =>
  algorithmsFor(algorithmOf(digest)).every((each) => hashes[each] !== undefined)

/** The hashes that {@link verify} needs, of bytes in memory. */
export const hashesOf = (bytes: Uint8Array, digest: Digest): Hashes => {
  const hash = fastHash(algorithmsFor(algorithmOf(digest)))
  hash.update(bytes)
  return hash.finish()
}
