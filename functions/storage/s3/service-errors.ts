/**
 * Error responses of S3 as failures of the port.
 *
 * @module
 */
import type { S3ServiceException } from '@aws-sdk/client-s3'
import { StoreError, type StoreFailure } from '../errors.ts'

const BY_CODE: Readonly<Record<string, StoreFailure>> = {
  PreconditionFailed: 'precondition',
  ConditionalRequestConflict: 'precondition',
  BadDigest: 'checksum',
  XAmzContentSHA256Mismatch: 'checksum',
  InvalidRange: 'range',
  NoSuchUpload: 'multipart',
  InvalidPart: 'multipart',
  InvalidPartOrder: 'multipart',
  EntityTooSmall: 'multipart',
  QuotaExceeded: 'full',
  // Wrong settings rather than failures, but what S3 says about them is all that can be said.
  NoSuchBucket: 'unavailable',
  AccessDenied: 'unavailable',
  InvalidAccessKeyId: 'unavailable',
  ExpiredToken: 'unavailable',
  InvalidToken: 'unavailable',
  SignatureDoesNotMatch: 'unavailable',
  SlowDown: 'unavailable',
  RequestTimeout: 'unavailable',
  OperationAborted: 'unavailable',
}

const BY_STATUS: Readonly<Record<number, StoreFailure>> = {
  // Responses to HEAD have no body, so no code.
  403: 'unavailable',
  412: 'precondition',
  416: 'range',
  429: 'unavailable',
  507: 'full',
}

/** Codes and names of errors without a response. */
const NETWORK = new Set([
  'TimeoutError',
  'CredentialsProviderError',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

const isNetworkError = (error: unknown): boolean =>
  error instanceof Error &&
  (NETWORK.has(error.name) || ('code' in error && NETWORK.has(String(error.code))))

/** Whether an error is a response of the service. By its form: importing the class would load the SDK. */
export const isServiceException = (error: unknown): error is S3ServiceException =>
  error instanceof Error && '$fault' in error && '$metadata' in error

const failureOf = (error: unknown): StoreFailure | undefined => {
  if (!isServiceException(error)) {
    return isNetworkError(error) ? 'unavailable' : undefined
  }
  const status = error.$metadata.httpStatusCode ?? 0
  return BY_CODE[error.name] ?? BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : undefined)
}

/** Whether an error is a response of S3 with one of the given codes. */
export const hasCode = (error: unknown, ...codes: string[]): boolean =>
  isServiceException(error) && codes.includes(error.name)

/** Whether a request was sent more than once before it failed, so a response may have been lost. */
export const wasRetried = (error: unknown): boolean =>
  isServiceException(error) && (error.$metadata.attempts ?? 1) > 1

/**
 * The {@link StoreError} for a failed request, or the error itself if it is not an expected one.
 *
 * @param error what was caught
 * @param doing the operation and the key, for the message
 */
export const translate = (error: unknown, doing: string): unknown => {
  const failure = failureOf(error)
  if (failure === undefined) return error
  const { name, message } = error as Error
  return new StoreError(failure, `${doing}: ${name}: ${message}`, { cause: error })
}
