/**
 * What can be wrong with a request, and the one place that writes errors, in the form of
 * distribution-spec "Error Codes".
 *
 * @module
 */

import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { AccessError, type AccessErrorCode } from '../auth/errors.ts'
import { RegistryError, type RegistryErrorCode } from '../registry/errors.ts'
import { Schema1Error, type Schema1ErrorCode } from '../schema1/errors.ts'
import { CodedError, type CodedErrorOptions } from '../shared/errors.ts'
import { StoreError } from '../storage/errors.ts'
import type { AppContext } from './env.ts'

/** Codes of what only the HTTP layer knows of; the specification's mean the same as elsewhere. */
export type RequestErrorCode =
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  /** Less of the body was received than the client sent. */
  | 'BODY_TRUNCATED'
  | 'BODY_TOO_LARGE'
  /** The body stood still for so long that the server has given it up. */
  | 'BODY_TOO_SLOW'
  /** The client closed the connection before the end of its request. */
  | 'CLIENT_GONE'
  /** The server was stopped before the end of the request. */
  | 'STOPPED'
  /** No such path. */
  | 'ENDPOINT_UNKNOWN'
  | 'METHOD_NOT_ALLOWED'
  /** Parameters or headers with an unknown value, or that exclude each other. */
  | 'PARAMETER_INVALID'
  /** There is nothing of this name. */
  | 'ABSENT'
  /** What is there, or how the registry is set up, does not allow it. */
  | 'CONFLICT'
  /** The request must say what it expects to be there. */
  | 'PRECONDITION_REQUIRED'
  /** The body is of another media type than is accepted. */
  | 'MEDIA_TYPE'
  | 'TOO_MANY_TAGS'
  /** The repository is a copy of another registry's. */
  | 'PULLED_THROUGH'
  /** Another registry, that the content comes from, was asked too often. */
  | 'UPSTREAM_BUSY'
  /** It does not give what it should. */
  | 'UPSTREAM_AWAY'
  | 'STORE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'UNKNOWN'

export interface RequestErrorOptions extends CodedErrorOptions {
  /** The methods that the path supports, in the form of the Allow header. */
  readonly allow?: string
  /** How the client may show who it is (RFC 9110 11.6.1). */
  readonly challenge?: string
}

/** A failure of a request that the client can read. */
export class RequestError extends CodedError<RequestErrorCode> {
  override readonly name = 'RequestError'
  readonly allow: string | undefined
  readonly challenge: string | undefined

  constructor(code: RequestErrorCode, message: string, options: RequestErrorOptions = {}) {
    super(code, message, options)
    this.allow = options.allow
    this.challenge = options.challenge
  }
}

/** Codes that clients see: the specification's, then distribution's own, then ours. */
export type WireCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'MANIFEST_UNVERIFIED'
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

type Code = RegistryErrorCode | AccessErrorCode | RequestErrorCode | Schema1ErrorCode

/**
 * A client that has gone away gets no response; this is what the log calls that, as nginx has it. It is
 * no status that Hono knows.
 */
const CLIENT_CLOSED_REQUEST = 499 as ContentfulStatusCode

/**
 * Status by code, and the code on the wire where that is coarser. Where the specification leaves the
 * status open, it is distribution's.
 */
const RESPONSES: Readonly<
  Record<Code & WireCode, ContentfulStatusCode> &
    Record<Exclude<Code, WireCode>, readonly [ContentfulStatusCode, WireCode]>
> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  MANIFEST_UNVERIFIED: 400,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  TOOMANYREQUESTS: 429,
  RANGE_INVALID: 416,
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  PRECONDITION_FAILED: 412,
  QUOTA_EXCEEDED: [403, 'DENIED'],
  GUARDED: [403, 'DENIED'],
  BLOB_TOO_LARGE: [413, 'SIZE_INVALID'],
  // At this code clients give up; at others they would send everything again.
  BLOB_TOO_LARGE_HERE: [413, 'UNSUPPORTED'],
  BODY_TRUNCATED: [413, 'UNSUPPORTED'],
  BODY_TOO_LARGE: [413, 'SIZE_INVALID'],
  BODY_TOO_SLOW: [408, 'UNAVAILABLE'],
  CLIENT_GONE: [CLIENT_CLOSED_REQUEST, 'UNKNOWN'],
  STOPPED: [503, 'UNAVAILABLE'],
  ENDPOINT_UNKNOWN: [404, 'UNSUPPORTED'],
  METHOD_NOT_ALLOWED: [405, 'UNSUPPORTED'],
  PARTS_INVALID: [400, 'SIZE_INVALID'],
  PARTS_UNSUPPORTED: [400, 'UNSUPPORTED'],
  PARAMETER_INVALID: [400, 'UNSUPPORTED'],
  ABSENT: [404, 'NAME_UNKNOWN'],
  CONFLICT: [409, 'DENIED'],
  PRECONDITION_REQUIRED: [428, 'UNSUPPORTED'],
  MEDIA_TYPE: [415, 'UNSUPPORTED'],
  SERVICE_UNKNOWN: [400, 'UNSUPPORTED'],
  TOO_MANY_SCOPES: [400, 'UNSUPPORTED'],
  TOO_MANY_TAGS: [414, 'UNSUPPORTED'],
  // At any other code podman tries four times.
  TAG_IMMUTABLE: [409, 'DENIED'],
  // As distribution has it where it is a mirror.
  PULLED_THROUGH: [405, 'UNSUPPORTED'],
  UPSTREAM_BUSY: [429, 'TOOMANYREQUESTS'],
  UPSTREAM_AWAY: [503, 'UNAVAILABLE'],
  STORE_FULL: [507, 'UNAVAILABLE'],
  STORE_UNAVAILABLE: [503, 'UNAVAILABLE'],
}

type ClientError = RegistryError | AccessError | RequestError | Schema1Error

const isClientError = (error: unknown): error is ClientError =>
  error instanceof RegistryError ||
  error instanceof AccessError ||
  error instanceof RequestError ||
  error instanceof Schema1Error

/** What a client is told of a store's failure; the log has the rest. */
const fromStore = (cause: StoreError): RequestError => {
  switch (cause.failure) {
    case 'range':
      return new RequestError('RANGE_INVALID', 'the Range is outside the content', { cause })
    case 'full':
      return new RequestError('STORE_FULL', 'the registry has no room left', { cause })
    default:
      return new RequestError(
        'STORE_UNAVAILABLE',
        'the storage behind the registry is not responding as it should: try again',
        { cause, retryAfter: 2 },
      )
  }
}

/** Any thrown value as the error a client may see. Nothing of an unknown failure leaks. */
const toClientError = (error: unknown): ClientError => {
  if (isClientError(error)) return error
  if (error instanceof StoreError) return fromStore(error)
  return new RequestError('UNKNOWN', 'the registry failed: see its log for the cause', {
    cause: error,
  })
}

/** Whether an error, of whichever layer, has one of these codes. */
export const hasCode = (error: unknown, ...codes: readonly Code[]): boolean =>
  isClientError(error) && codes.includes(error.code)

const headersOf = (error: ClientError): Record<string, string> => {
  const { allow, challenge } = error instanceof RequestError ? error : {}
  return {
    ...(allow === undefined ? {} : { Allow: allow }),
    // A gateway may rename the first, and then restores it from the second.
    ...(challenge === undefined
      ? {}
      : { 'WWW-Authenticate': challenge, 'X-Registry-Challenge': challenge }),
    // RFC 9110 15.5.9: what else comes of such a body is not read.
    ...(error.code === 'BODY_TOO_SLOW' ? { Connection: 'close' } : {}),
    ...(error.retryAfter === undefined ? {} : { 'Retry-After': String(error.retryAfter) }),
  }
}

/** Writes an error as the response to a request, with the request's id in its detail. */
export const writeError = (thrown: unknown, c: AppContext): Response => {
  const error = toClientError(thrown)
  const known = RESPONSES[error.code]
  const [status, code] = typeof known === 'number' ? [known, error.code] : known
  c.set('failure', thrown)
  const detail = { ...error.detail, requestId: c.get('requestId') }
  const body = JSON.stringify({ errors: [{ code, message: error.message, detail }] })
  const headers = { 'Content-Type': 'application/json', ...headersOf(error) }
  // Without a length, Node's client takes the response to a HEAD for one that ends with the connection.
  if (c.req.method === 'HEAD') c.header('Content-Length', String(Buffer.byteLength(body)))
  return c.body(body, status, headers)
}
