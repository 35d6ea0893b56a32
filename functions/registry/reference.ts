/**
 * How content is referred to: digests, `<algorithm>:<hex>` as image-spec's descriptor.md has them;
 * repository names, tags and references by the grammar of distribution-spec ("Pulling manifests").
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

/** Data is kept under its digest by this algorithm, whatever digest the client names. */
export const CANONICAL: Algorithm = 'sha256'

/** Whether this registry can verify digests of the algorithm with this name. */
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
 * @throws RegistryError DIGEST_INVALID naming the value and what was expected
 */
export const parseDigest = (text: string): Digest => {
  if (isDigest(text)) return text
  const algorithm = text.split(':', 1)[0] ?? ''
  const hint =
    text.includes(':') && !isAlgorithm(algorithm)
      ? `the algorithm ${quoted(algorithm)} is not supported: use sha256 or sha512`
      : 'expected sha256:<64 hex digits> or sha512:<128 hex digits>, in lower case'
  throw new RegistryError('DIGEST_INVALID', `invalid digest ${quoted(text)}: ${hint}`)
}

export const algorithmOf = (digest: Digest): Algorithm =>
  digest.slice(0, digest.indexOf(':')) as Algorithm

export const hexOf = (digest: Digest): string => digest.slice(digest.indexOf(':') + 1)

/** The digest of bytes held in memory. */
export const digestOf = (bytes: Uint8Array, algorithm: Algorithm = CANONICAL): Digest =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`

/** What names of repositories look like. */
export const NAME_PATTERN =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/** Most characters of a repository name, as in distribution and the specification. */
export const MAX_NAME_LENGTH = 255

/** A tag or a digest, by which a manifest is requested. */
export type Reference =
  | { readonly tag: string; readonly digest?: undefined }
  | { readonly digest: Digest; readonly tag?: undefined }

export const isTag = (text: string): boolean => TAG.test(text)

export const isName = (text: string): boolean =>
  text.length <= MAX_NAME_LENGTH && NAME_PATTERN.test(text)

/**
 * Checks a repository name given by a client.
 *
 * @throws RegistryError NAME_INVALID
 */
export const parseName = (text: string): string => {
  if (text.length > MAX_NAME_LENGTH) {
    throw new RegistryError(
      'NAME_INVALID',
      `invalid repository name ${quoted(text)}: it has ${text.length} characters, at most ${MAX_NAME_LENGTH} are allowed`,
    )
  }
  if (!NAME_PATTERN.test(text)) {
    throw new RegistryError(
      'NAME_INVALID',
      `invalid repository name ${quoted(text)}: expected lower-case letters and digits, separated by single . or _, __ or any number of -, in components joined by /`,
    )
  }
  return text
}

/**
 * Checks a tag given by a client.
 *
 * @throws RegistryError TAG_INVALID
 */
export const parseTag = (text: string): string => {
  if (isTag(text)) return text
  throw new RegistryError(
    'TAG_INVALID',
    `invalid tag ${quoted(text)}: expected 1 to 128 letters, digits, _, . or -, not beginning with . or -`,
  )
}

/**
 * Reads a manifest's reference: with a colon it is a digest, otherwise a tag.
 *
 * @throws RegistryError DIGEST_INVALID or TAG_INVALID
 */
export const parseReference = (text: string): Reference =>
  text.includes(':') ? { digest: parseDigest(text) } : { tag: parseTag(text) }
