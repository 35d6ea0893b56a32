/**
 * The one error class of the registry, with the codes of the distribution specification (section
 * "Error Codes") and those that distribution's v2 API adds to them.
 *
 * @module
 */

/** Codes of distribution-spec, then distribution's own, then ours where neither has a word. */
export type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'RANGE_INVALID'
  | 'TAG_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'PRECONDITION_FAILED'

export interface RegistryErrorOptions extends ErrorOptions {
  /** What a program may want to read beside the message; goes into the answer's `detail`. */
  readonly detail?: Readonly<Record<string, unknown>>
  /** Overrides the status the code has by default; for the HTTP layer only. */
  readonly status?: number
  /** Headers the answer carries, for the HTTP layer only. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A failure the client can read: what was wrong, with which value, and what would be right. */
export class RegistryError extends Error {
  readonly code: ErrorCode
  readonly detail: Readonly<Record<string, unknown>> | undefined
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message, options)
    this.name = 'RegistryError'
    this.code = code
    this.detail = options.detail
    this.status = options.status
    this.headers = options.headers ?? {}
  }
}

/** A value of the client's as it may stand in a message: quoted, printable, at most 80 characters. */
export const quoted = (value: string): string =>
  JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
