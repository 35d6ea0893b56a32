/**
 * Repository names, tags and references, by the grammar of distribution-spec ("Pulling manifests").
 *
 * @module
 */

import { quoted } from '../shared/errors.ts'
import { type Digest, parseDigest } from './digest.ts'
import { RegistryError } from './errors.ts'

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/** Longest repository name in characters, as distribution and the specification have it. */
export const MAX_NAME_LENGTH = 255

/** A tag or a digest: what a manifest is asked for by. */
export type Reference =
  | { readonly tag: string; readonly digest?: undefined }
  | { readonly digest: Digest; readonly tag?: undefined }

export const isTag = (text: string): boolean => TAG.test(text)

export const isName = (text: string): boolean => text.length <= MAX_NAME_LENGTH && NAME.test(text)

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
  if (!NAME.test(text)) {
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
