/**
 * What can be wrong with a manifest of schema 1.
 *
 * @module
 */

import { CodedError } from '../shared/errors.ts'

/** Codes of distribution's v2 API. */
export type Schema1ErrorCode =
  /** It is not signed by whom it says, or by nobody whom this registry trusts. */
  | 'MANIFEST_UNVERIFIED'
  /** It is not a manifest of schema 1, or not one of this repository. */
  | 'MANIFEST_INVALID'
  /** What is stored cannot be said in schema 1. */
  | 'MANIFEST_UNKNOWN'

/** A failure that the client can read. */
export class Schema1Error extends CodedError<Schema1ErrorCode> {
  override readonly name = 'Schema1Error'
}

/** It is no manifest of schema 1, or not one of this repository. */
export const invalid = (message: string, cause?: unknown): Schema1Error =>
  new Schema1Error('MANIFEST_INVALID', `invalid schema 1 manifest: ${message}`, { cause })

/** Nobody whom this registry trusts has signed it. */
export const unverified = (message: string, cause?: unknown): Schema1Error =>
  new Schema1Error('MANIFEST_UNVERIFIED', `the schema 1 manifest ${message}`, { cause })

/** What is stored cannot be said in schema 1. */
export const impossible = (why: string, cause?: unknown): Schema1Error =>
  new Schema1Error(
    'MANIFEST_UNKNOWN',
    `this image cannot be shown in schema 1, the only kind of manifest that was asked for: ${why}`,
    { cause },
  )
