/**
 * How failed log-ins lead to waits: a few are free, and each further one doubles the wait.
 *
 * @module
 */

import { AccessError } from '../errors.ts'

/** How failures of one kind lead to waits. */
export interface Limit {
  /** Failures without a wait. */
  readonly free: number
  /** Milliseconds after which one failure is forgiven. */
  readonly forgiveness: number
}

/** Of an account from one address. */
export const PER_ACCOUNT: Limit = { free: 5, forgiveness: 5 * 60_000 }
/** Many people may share one address, and one machine with an old password must not stop them. */
export const PER_ADDRESS: Limit = { free: 100, forgiveness: 30_000 }
/** Longest wait in milliseconds. */
const LONGEST = 60_000
/** Milliseconds for which an address is known to an account after a log-in. */
export const KNOWN_FOR = 24 * 60 * 60_000

export interface Failures {
  readonly count: number
  /** When the last of them happened, in milliseconds. */
  readonly last: number
}

/** How many failures are not forgiven yet. */
export const remaining = ({ count, last }: Failures, limit: Limit, now: number): number =>
  Math.max(0, count - Math.floor((now - last) / limit.forgiveness))

/** Milliseconds until the next log-in is let through; 0 for immediately. */
export const waitFor = (failures: Failures | undefined, { free }: Limit, now: number): number => {
  if (failures === undefined || failures.count <= free) return 0
  const wait = Math.min(1000 * 2 ** (failures.count - free - 1), LONGEST)
  return Math.max(0, failures.last + wait - now)
}

/** The failures with one more. */
export const withFailure = (before: Failures | undefined, limit: Limit, now: number): Failures => {
  // Without a ceiling, forgiving a long attack would take as long as the attack.
  const most = limit.free + 7
  const count = before === undefined ? 0 : remaining(before, limit, now)
  return { count: Math.min(count + 1, most), last: now }
}

/**
 * Refuses a log-in that has to wait.
 *
 * @param wait milliseconds
 * @throws AccessError TOOMANYREQUESTS with `retryAfter`, if there is something to wait for
 */
export const refuseFor = (wait: number): void => {
  if (wait <= 0) return
  const seconds = Math.ceil(wait / 1000)
  throw new AccessError('TOOMANYREQUESTS', `too many failed log-ins: try again in ${seconds} s`, {
    retryAfter: seconds,
  })
}
