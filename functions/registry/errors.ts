/**
 * What can go wrong in a registry.
 *
 * @module
 */

import { CodedError } from '../shared/errors.ts'

/** Codes of distribution-spec ("Error Codes") and of distribution's v2 API, and finer ones of ours. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'RANGE_INVALID'
  | 'SIZE_INVALID'
  /** Parts that a client wants to send to the store itself, declared wrongly. */
  | 'PARTS_INVALID'
  /** The store cannot take parts from clients. */
  | 'PARTS_UNSUPPORTED'
  | 'TAG_INVALID'
  /** The tag points at another manifest, and may not be moved or deleted. */
  | 'TAG_IMMUTABLE'
  /** More bytes than the quota of the repository lets be linked. */
  | 'QUOTA_EXCEEDED'
  /** It is not what the policy requires of the images of its repository. */
  | 'GUARDED'
  /** The tag is not as the push's condition says. */
  | 'PRECONDITION_FAILED'
  /** More bytes than a blob can have anywhere. */
  | 'BLOB_TOO_LARGE'
  /** More bytes than this host can bring to an end, though another may. */
  | 'BLOB_TOO_LARGE_HERE'

/** A failure of the registry that the client can read. */
export class RegistryError extends CodedError<RegistryErrorCode> {
  override readonly name = 'RegistryError'
}
