/**
 * Digests: `<algorithm>:<hex>` as image-spec's descriptor.md has them. sha256 is the canonical
 * algorithm: data is kept under it, whatever digest the client names.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { quoted } from '../shared/errors.ts'
import { RegistryError } from './errors.ts'

const HEX_LENGTH = { sha256: 64, sha512: 128 } as const

/** A supported hash algorithm. */
export type Algorithm = keyof typeof HEX_LENGTH

/** A checked digest: supported algorithm, lower-case hex of the right length. */
export type Digest = `${Algorithm}:${string}`

export const CANONICAL: Algorithm = 'sha256'

/** Whether a digest algorithm's name is one this registry can verify. */
export const isAlgorithm = (name: string): name is Algorithm => Object.hasOwn(HEX_LENGTH, name)

/** Whether a string is a digest this registry can verify. */
export const isDigest = (text: string): text is Digest => {
  const colon = text.indexOf(':')
  const algorithm = text.slice(0, colon)
  const hex = text.slice(colon + 1)
  return isAlgorithm(algorithm) && hex.length === HEX_LENGTH[algorithm] && /^[0-9a-f]+$/.test(hex)
}

/**
 * Checks a digest given by a client.
 *
 * @throws RegistryError DIGEST_INVALID naming the value and what would be right
 */
export const parseDigest = (text: string): Digest => {
  if (isDigest(text)) return text
  const algorithm = text.split(':', 1)[0] ?? ''
  const hint =
    text.includes(':') && !isAlgorithm(algorithm)
      ? `the algorithm ${quoted(algorithm)} is not supported, only sha256 and sha512`
      : 'expected sha256:<64 hex digits> or sha512:<128 hex digits>, in lower case'
  throw new RegistryError('DIGEST_INVALID', `invalid digest ${quoted(text)}: ${hint}`)
}

export const algorithmOf = (digest: Digest): Algorithm =>
  digest.slice(0, digest.indexOf(':')) as Algorithm

export const hexOf = (digest: Digest): string => digest.slice(digest.indexOf(':') + 1)

/** The digest of bytes held in memory. */
export const digestOf = (bytes: Uint8Array, algorithm: Algorithm = CANONICAL): Digest =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
