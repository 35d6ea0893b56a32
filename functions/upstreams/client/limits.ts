/**
 * How often an upstream may be asked: what it says itself is kept to.
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import { retryAfterOf } from '../../shared/retry-after.ts'
import { UpstreamError } from './failure.ts'

/** What is asked for: a registry that has had enough of one kind gives the others. */
export type Kind = 'manifest' | 'blob' | 'list' | 'token' | 'push'

/** What is left of what an upstream gives in a time, as Docker Hub says it. */
export interface Remaining {
  readonly left: number
  readonly limit: number | undefined
  /** Seconds in which so many are given. */
  readonly window: number | undefined
}

/** The limits of one upstream. */
export interface Limits {
  /** @throws UpstreamError `busy` while it is not to be asked: nothing is sent */
  check(kind: Kind): void
  /** Takes note of a response. @returns milliseconds that it asks to wait */
  note(kind: Kind, status: number, headers: IncomingHttpHeaders): number | undefined
  /** As last said; undefined where it never was. */
  readonly remaining: Remaining | undefined
}

/** Milliseconds of a pause where an upstream does not say how long. */
const PAUSE = 30_000
/** Milliseconds after which one that has nothing left is tried again, however long it takes to give more. */
const EMPTY = 60_000

/** `76;w=21600`. */
const countOf = (header: string | string[] | undefined) => {
  const [, count, window] = /^(\d{1,9})(?:;w=(\d{1,9}))?/.exec(String(header ?? '')) ?? []
  return count === undefined
    ? undefined
    : { count: Number(count), window: Number(window ?? 0) || undefined }
}

/**
 * The limits of an upstream.
 *
 * @param now clock in milliseconds since 1970
 * @param told is told how much is left, each time that the upstream says so
 */
export const createLimits = (
  host: string,
  now: () => number,
  told?: (left: number) => void,
): Limits => {
  const until = new Map<Kind, number>()
  let remaining: Remaining | undefined

  return {
    get remaining() {
      return remaining
    },

    check(kind) {
      const left = (until.get(kind) ?? 0) - now()
      if (left <= 0) return
      throw new UpstreamError(
        'busy',
        `${host} is not to be asked for ${Math.ceil(left / 1000)} s`,
        {
          retryAfter: left,
        },
      )
    },

    note(kind, status, headers) {
      const [left, limit] = [
        countOf(headers['ratelimit-remaining']),
        countOf(headers['ratelimit-limit']),
      ]
      if (left !== undefined) {
        told?.(left.count)
        remaining = { left: left.count, limit: limit?.count, window: left.window ?? limit?.window }
      }
      const asked = retryAfterOf(headers['retry-after'], now())
      const pause =
        status === 429
          ? (asked ?? PAUSE)
          : status === 503
            ? asked
            : left?.count === 0 && kind === 'manifest'
              ? Math.min((left.window ?? Number.POSITIVE_INFINITY) * 1000, EMPTY)
              : undefined
      if (pause !== undefined) until.set(kind, now() + pause)
      return status === 429 ? pause : asked
    },
  }
}
