/**
 * What a host of limited time cannot bring to an end, refused before any of it is done.
 *
 * @module
 */

import { RegistryError } from '../errors.ts'

/** How large blobs may be where requests end after a while. */
export interface UploadLimits {
  /** Most bytes of a blob: a commit has to have the store copy them. */
  readonly blob: number
  /** Most bytes of a blob whose digest cannot be told without reading them back. */
  readonly readBack: number
  /** What to do with larger ones, for the message. */
  readonly instead: string
}

const tooLarge = (why: string, { instead }: UploadLimits): RegistryError =>
  new RegistryError('BLOB_TOO_LARGE_HERE', `${why}: ${instead}`)

/** Refuses a blob of this many bytes, or more. @throws RegistryError BLOB_TOO_LARGE_HERE */
export const checkSize = (limits: UploadLimits | undefined, size: number): void => {
  if (limits === undefined || size <= limits.blob) return
  throw tooLarge(`a blob of ${size} bytes, at most ${limits.blob} are taken here`, limits)
}

/** Refuses to read back this many bytes. @throws RegistryError BLOB_TOO_LARGE_HERE */
export const checkReadBack = (limits: UploadLimits | undefined, size: number): void => {
  if (limits === undefined || size <= limits.readBack) return
  throw tooLarge(
    `a blob of ${size} bytes, whose digest cannot be told without reading them again, at most ${limits.readBack} of such are taken here (chunks with Content-Range, under sha256, need no reading)`,
    limits,
  )
}
