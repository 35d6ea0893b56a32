/**
 * Failed log-ins, and how they lead to waits: a few are free, and each further one doubles the wait. They are
 * counted here in the memory of this process; shared.ts counts them for all instances.
 *
 * @module
 */

import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { AccessError } from '../errors.ts'
import type { MemoryAttempt, Throttle } from './throttle.ts'

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

/** The unit in which addresses are counted: a host with IPv6 has 2^64 addresses. */
export const addressGroup = (address: string): string => {
  const plain = address.replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain
  const mapped = plain.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i)?.[1]
  if (mapped !== undefined) return mapped
  // URL writes the address in its one canonical form, dotted quads as groups.
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = canonical.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const missing = Math.max(0, 8 - groups(head).length - groups(tail).length)
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)]
  return `${all.slice(0, 4).join(':')}::/64`
}

/**
 * Most accounts and addresses remembered; those not seen for the longest time are forgotten first.
 */
const REMEMBERED = 20_000
/** Bounded by size: with `max`, the cache would allocate the memory for all of them at the start. */
const BOUND = { maxSize: REMEMBERED, sizeCalculation: () => 1 }

/** A throttle that decides at once. */
export interface MemoryThrottle extends Throttle {
  attempt(account: string, address: string): MemoryAttempt
}

const addFailure = (
  failures: LRUCache<string, Failures>,
  key: string,
  limit: Limit,
  now: number,
): void => {
  failures.set(key, withFailure(failures.get(key), limit, now))
}

const takeBack = (failures: LRUCache<string, Failures>, key: string): void => {
  const { count, last } = failures.get(key) ?? { count: 0, last: 0 }
  if (count <= 1) failures.delete(key)
  else failures.set(key, { count: count - 1, last })
}

/**
 * Creates a throttle without any failures counted.
 *
 * @param now clock in milliseconds
 */
export const createThrottle = (now: () => number): MemoryThrottle => {
  const byAccount = new LRUCache<string, Failures>(BOUND)
  const byAddress = new LRUCache<string, Failures>(BOUND)
  const known = new LRUCache<string, number>(BOUND)

  const attempt = (account: string, address: string): MemoryAttempt => {
    const from = addressGroup(address)
    // No account has a longer name, and what is kept in memory must be bounded.
    const both = JSON.stringify([account.slice(0, 256), from])
    const at = now()
    // Failures of others at this address do not slow down those who have logged in from it before.
    const isKnown = (known.get(both) ?? Number.NEGATIVE_INFINITY) > at - KNOWN_FOR
    const wait = waitFor(byAccount.get(both), PER_ACCOUNT, at)
    refuseFor(Math.max(wait, isKnown ? 0 : waitFor(byAddress.get(from), PER_ADDRESS, at)))
    addFailure(byAccount, both, PER_ACCOUNT, at)
    addFailure(byAddress, from, PER_ADDRESS, at)
    return {
      succeeded() {
        byAccount.delete(both)
        takeBack(byAddress, from)
        known.set(both, now())
      },
      // Counted already.
      failed() {},
      withdrawn() {
        takeBack(byAccount, both)
        takeBack(byAddress, from)
      },
    }
  }
  return { attempt, inMemory: attempt }
}
