/**
 * How an attempt to deliver an event ended, and what responses mean.
 *
 * @module
 */

/** Most milliseconds that a receiver can ask for. */
const MAX_AFTER = 3_600_000

/** Statuses below 500 after which it may go better later. */
const PASSING = [408, 425, 429]

/** Retry-After in milliseconds: RFC 9110, section 10.2.3. */
const afterOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  const after = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(after) ? Math.min(Math.max(after, 0), MAX_AFTER) : undefined
}

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
    return { kind: 'failed', why, after: afterOf(retryAfter, now) }
  }
  const redirect = status >= 300 && status < 400
  return { kind: 'refused', why: redirect ? `${why}; redirects are not followed` : why }
}
