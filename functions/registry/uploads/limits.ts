/**
 * Refuses at once what a host whose requests have limited time could not finish.
 *
 * @module
 */

import { RegistryError } from '../errors.ts'

/** How large blobs may be where requests have limited time. */
export interface UploadLimits {
  /** Most bytes of a blob: the store has to copy them within one commit. */
  readonly blob: number
  /** Most bytes of a blob that must be read back to compute its digest. */
  readonly readBack: number
  /** Most bytes of a blob that a client sends to the store in several parts; all must be read back. */
  readonly parts: number
  /** For the message: what to do with a larger one. */
  readonly instead: string
}

const tooLarge = (why: string, { instead }: UploadLimits): RegistryError =>
  new RegistryError('BLOB_TOO_LARGE_HERE', `${why}: ${instead}`)

/** Refuses a blob of more bytes than the host accepts. @throws RegistryError BLOB_TOO_LARGE_HERE */
export const checkSize = (limits: UploadLimits | undefined, size: number): void => {
  if (limits === undefined || size <= limits.blob) return
  throw tooLarge(`the blob has ${size} bytes, but this host accepts at most ${limits.blob}`, limits)
}

/** Refuses a blob of more bytes than the host reads back. @throws RegistryError BLOB_TOO_LARGE_HERE */
export const checkReadBack = (limits: UploadLimits | undefined, size: number): void => {
  if (limits === undefined || size <= limits.readBack) return
  throw tooLarge(
    `the blob's ${size} bytes must be read back to compute its digest, but this host reads back at most ${limits.readBack} (chunks with Content-Range and a sha256 digest need no reading back)`,
    limits,
  )
}
