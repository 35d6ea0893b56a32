/**
 * Whether a blob's bytes are what its digest says.
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

/** Checks what was hashed against the digest. @returns the digest the data belongs under */
export const verify = (digest: Digest, hashes: Hashes): Digest => {
  if (hashes[algorithmOf(digest)] !== hexOf(digest)) throw mismatch(digest, hashes)
  return `${CANONICAL}:${hashes[CANONICAL]}`
}

export const covers = (hashes: Hashes, digest: Digest): boolean =>
  algorithmsFor(algorithmOf(digest)).every((each) => hashes[each] !== undefined)

/** The hashes of bytes in memory that `verify` needs. */
export const hashesOf = (bytes: Uint8Array, digest: Digest): Hashes => {
  const hash = fastHash(algorithmsFor(algorithmOf(digest)))
  hash.update(bytes)
  return hash.finish()
}
