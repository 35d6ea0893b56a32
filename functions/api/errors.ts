/**
 * The one place that writes errors, in the form of distribution-spec "Error Codes".
 *
 * @module
 */

import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type ErrorCode, RegistryError } from '../registry/errors.ts'
import { StoreError } from '../storage/errors.ts'
import type { AppContext } from './env.ts'

/** Status by code, as distribution answers where the specification leaves it open. */
const STATUS: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  RANGE_INVALID: 416,
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  PRECONDITION_FAILED: 412,
}

/** What a client is told of a failure of the store; the log has the rest. */
const fromStore = (error: StoreError): RegistryError => {
  switch (error.failure) {
    case 'range':
      return new RegistryError('RANGE_INVALID', 'the Range is outside the content', {
        cause: error,
      })
    case 'full':
      return new RegistryError('UNAVAILABLE', 'the registry has no room left', {
        cause: error,
        status: 507,
      })
    default:
      return new RegistryError('UNAVAILABLE', 'the store does not answer as it should: try again', {
        cause: error,
        headers: { 'Retry-After': '2' },
      })
  }
}

/** Any thrown value as the error a client may see. Nothing of an unknown failure leaks. */
export const toRegistryError = (error: unknown): RegistryError => {
  if (error instanceof RegistryError) return error
  if (error instanceof StoreError) return fromStore(error)
  return new RegistryError('UNKNOWN', 'the registry failed: its log has the cause', {
    cause: error,
  })
}

/** Writes an error as the answer to a request, with the request's id in its detail. */
export const writeError = (thrown: unknown, c: AppContext): Response => {
  const error = toRegistryError(thrown)
  const status = (error.status ?? STATUS[error.code]) as ContentfulStatusCode
  c.set('failure', thrown)
  const detail = { ...error.detail, requestId: c.get('requestId') }
  return c.json(
    { errors: [{ code: error.code, message: error.message, detail }] },
    status,
    error.headers as Record<string, string>,
  )
}
