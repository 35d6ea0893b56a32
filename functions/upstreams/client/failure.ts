/**
 * What can go wrong with an upstream, as far as it makes a difference to who asks.
 *
 * @module
 */

import { RegistryError } from '../../registry/errors.ts'

/** Why an upstream did not give what it was asked for. */
export type UpstreamFailure =
  /** It says that there is no such thing. */
  | 'unknown'
  /** It wants other credentials, or says no. Docker Hub says so of repositories that do not exist, too. */
  | 'denied'
  /** It was asked too often. */
  | 'busy'
  /** It cannot be reached, is broken or too slow. */
  | 'away'
  /** What it gave is not what it said: another digest, too large, no manifest. */
  | 'wrong'
  /** It was not asked: as much is going on already as may be at a time. */
  | 'full'

/** A failure of an upstream. The message is for people, without secrets. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  /** Milliseconds after which it is worth trying again, if that is known. */
  readonly retryAfter: number | undefined
  /** Status and code that it refused a push with, as in `400 MANIFEST_INVALID`: who pushed may know them. */
  readonly said: string | undefined

  constructor(
    failure: UpstreamFailure,
    message: string,
    options: ErrorOptions & {
      readonly retryAfter?: number | undefined
      readonly said?: string
    } = {},
  ) {
    super(message, options)
    this.failure = failure
    this.retryAfter = options.retryAfter
    this.said = options.said
  }
}

/** Whether it is a failure of an upstream, of one of these kinds. */
export const isUpstreamError = (
  error: unknown,
  ...failures: readonly UpstreamFailure[]
): error is UpstreamError =>
  error instanceof UpstreamError && (failures.length === 0 || failures.includes(error.failure))

const SUMMARIES: Readonly<Record<UpstreamFailure, string>> = {
  unknown: 'it has no such thing',
  denied: 'it refuses access, or has no such thing',
  busy: 'it was asked too often',
  away: 'it does not respond as it should',
  wrong: 'what it sends is not right',
  full: 'there are too many requests to it at the moment',
}

/**
 * What clients are told of a failure. Messages are for logs: they may say what is at which address of this side's
 * network, which is nobody's business who can name a host.
 */
export const summaryOf = (error: Error): string => {
  if (error instanceof UpstreamError) return SUMMARIES[error.failure]
  return error instanceof RegistryError ? error.message : 'it could not be stored'
}

/** What a status means to a push that is no success: all that will be no other the next time is a refusal. */
export const pushFailureOf = (status: number): UpstreamFailure =>
  status >= 400 && status < 500 && ![408, 425].includes(status) && failureOf(status) === 'away'
    ? 'denied'
    : failureOf(status)

/** What a status means that is no success. */
export const failureOf = (status: number): UpstreamFailure => {
  if (status === 404 || status === 410) return 'unknown'
  if (status === 429) return 'busy'
  // That a method or a range is not known says nothing of what was asked for.
  if (status >= 400 && status < 500 && ![405, 408, 416, 425].includes(status)) return 'denied'
  return 'away'
}
