/**
 * What is said where an immutable tag would have moved or gone.
 *
 * @module
 */

import { RegistryError } from '../errors.ts'

/** The refusal of a push. */
export const tagImmutable = (name: string, tag: string, digest: string): RegistryError =>
  new RegistryError(
    'TAG_IMMUTABLE',
    `the tag ${tag} of ${name} is immutable and points at ${digest}: push under another tag`,
    { detail: { name, tag, digest } },
  )

/** The refusal of a delete. */
export const undeletable = (name: string, tag: string, digest: string): RegistryError =>
  new RegistryError(
    'TAG_IMMUTABLE',
    `the tag ${tag} of ${name} is immutable and points at ${digest}: neither can be deleted`,
    { detail: { name, tag, digest } },
  )
