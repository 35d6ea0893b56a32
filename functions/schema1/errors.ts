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
