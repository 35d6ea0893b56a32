/**
 * What can go wrong in finding out who may do what.
 *
 * @module
 */

import { CodedError } from '../shared/errors.ts'

export type AccessErrorCode =
  /** Credentials are missing, wrong or have ended. */
  | 'UNAUTHORIZED'
  /** Too many attempts; `retryAfter` says when the next one is heard. */
  | 'TOOMANYREQUESTS'
  /** Accounts, policy or keys cannot be read at the moment. */
  | 'UNAVAILABLE'
  /** A token is asked for that is for another service. */
  | 'SERVICE_UNKNOWN'
  /** A token is asked for that would hold too much. */
  | 'TOO_MANY_SCOPES'

/** A refusal of access control that the client can read. */
export class AccessError extends CodedError<AccessErrorCode> {
  override readonly name = 'AccessError'
}

/** A document of access control that cannot be used; the message is for the person who wrote it. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
}
