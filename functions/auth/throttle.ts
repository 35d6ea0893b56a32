/**
 * Throttles the guessing of passwords, in the memory of this process. Failures are counted per
 * account and address, so that someone who guesses at an account locks nobody else out of it, and
 * per address, so that moving from account to account does not help. A few failures are free; each
 * further one doubles the wait.
 *
 * @module
 */

import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { AccessError } from './errors.ts'

/** How failures of one kind lead to waits. */
interface Limit {
  /** Failures without a wait. */
  readonly free: number
  /** Milliseconds after which one failure is forgiven. */
  readonly forgiveness: number
}

const PER_ACCOUNT: Limit = { free: 5, forgiveness: 5 * 60_000 }
/** Many people may share one address, and one machine with an old password must not stop them. */
const PER_ADDRESS: Limit = { free: 100, forgiveness: 30_000 }
/** Longest wait in milliseconds. */
const LONGEST = 60_000
/**
 * Most accounts and addresses remembered; those not seen for the longest time are forgotten first.
 */
const REMEMBERED = 20_000
/** Bounded by size: with `max`, the cache would allocate the memory for all of them at the start. */
const BOUND = { maxSize: REMEMBERED, sizeCalculation: () => 1 }
/** Milliseconds for which an address is known to an account after a log-in. */
const KNOWN_FOR = 24 * 60 * 60_000

interface Failures {
  readonly count: number
  /** When the last of them happened, in milliseconds. */
  readonly last: number
}

/** A log-in that was let through; it counts as failed until {@link Attempt.succeeded}. */
export interface Attempt {
  /** The password was right. */
  succeeded(): void
  /** The password was not compared, so whether it was right is unknown. */
  withdrawn(): void
}

export interface Throttle {
  /**
   * Begins a log-in. It counts as a failure at once, so that concurrent guesses do not slip
   * through.
   *
   * @param address of the client; IPv6 addresses count by their /64
   * @throws AccessError TOOMANYREQUESTS with `retryAfter`
   */
  attempt(account: string, address: string): Attempt
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

const remaining = ({ count, last }: Failures, { forgiveness }: Limit, now: number): number =>
  Math.max(0, count - Math.floor((now - last) / forgiveness))

/** Milliseconds until the next log-in is let through; 0 for immediately. */
const waitFor = (failures: Failures | undefined, { free }: Limit, now: number): number => {
  if (failures === undefined || failures.count <= free) return 0
  const wait = Math.min(1000 * 2 ** (failures.count - free - 1), LONGEST)
  return Math.max(0, failures.last + wait - now)
}

const addFailure = (
  failures: LRUCache<string, Failures>,
  key: string,
  limit: Limit,
  now: number,
): void => {
  const before = failures.get(key)
  // Without a ceiling, forgiving a long attack would take as long as the attack.
  const most = limit.free + 7
  const count = before === undefined ? 0 : remaining(before, limit, now)
  failures.set(key, { count: Math.min(count + 1, most), last: now })
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
export const createThrottle = (now: () => number): Throttle => {
  const byAccount = new LRUCache<string, Failures>(BOUND)
  const byAddress = new LRUCache<string, Failures>(BOUND)
  const known = new LRUCache<string, number>(BOUND)

  return {
    attempt(account, address) {
      const from = addressGroup(address)
      // No account has a longer name, and what is kept in memory must be bounded.
      const both = JSON.stringify([account.slice(0, 256), from])
      const at = now()
      // Failures of others at this address do not slow down those who have logged in from it before.
      const isKnown = (known.get(both) ?? Number.NEGATIVE_INFINITY) > at - KNOWN_FOR
      const wait = Math.max(
        waitFor(byAccount.get(both), PER_ACCOUNT, at),
        isKnown ? 0 : waitFor(byAddress.get(from), PER_ADDRESS, at),
      )
      if (wait > 0) {
        const seconds = Math.ceil(wait / 1000)
        throw new AccessError(
          'TOOMANYREQUESTS',
          `too many failed log-ins: try again in ${seconds} s`,
          { retryAfter: seconds },
        )
      }
      addFailure(byAccount, both, PER_ACCOUNT, at)
      addFailure(byAddress, from, PER_ADDRESS, at)
      return {
        succeeded() {
          byAccount.delete(both)
          takeBack(byAddress, from)
          known.set(both, now())
        },
        withdrawn() {
          takeBack(byAccount, both)
          takeBack(byAddress, from)
        },
      }
    },
  }
}
