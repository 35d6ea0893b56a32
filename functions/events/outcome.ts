/**
 * How an attempt to deliver an event ended, and what responses mean.
 *
 * @module
 */

import { retryAfterOf } from '../shared/retry-after.ts'

/** Statuses below 500 after which it may go better later. */
const PASSING = [408, 425, 429]

/** How an attempt ended. `why` is for people, without secrets. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** It may go better later. @param after milliseconds, as the receiver has it */
  | { readonly kind: 'failed'; readonly why: string; readonly after?: number | undefined }
  /** It would always go so. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The receiver wants nothing any more. */
  | { readonly kind: 'gone'; readonly why: string }

/** What a response means. */
export const outcomeOf = (status: number, retryAfter: string | undefined, now: number): Outcome => {
  const why = `responded ${status}`
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status === 410) return { kind: 'gone', why }
  if (status >= 500 || PASSING.includes(status)) {
    return { kind: 'failed', why, after: retryAfterOf(retryAfter, now) }
  }
  const redirect = status >= 300 && status < 400
  return { kind: 'refused', why: redirect ? `${why}; redirects are not followed` : why }
}
