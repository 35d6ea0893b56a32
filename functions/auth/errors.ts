/**
 * What can go wrong in access control.
 *
 * @module
 */

import { CodedError } from '../shared/errors.ts'

export type AccessErrorCode =
  /** Credentials are missing, wrong or expired. */
  | 'UNAUTHORIZED'
  /** Too many attempts; `retryAfter` says when the next one is let through. */
  | 'TOOMANYREQUESTS'
  /** Accounts, policy or keys cannot be read at the moment. */
  | 'UNAVAILABLE'
  /** A token for another service was requested. */
  | 'SERVICE_UNKNOWN'
  /** A token for too many scopes was requested. */
  | 'TOO_MANY_SCOPES'

/** A refusal of access control that the client can read. */
export class AccessError extends CodedError<AccessErrorCode> {
  override readonly name = 'AccessError'
}
