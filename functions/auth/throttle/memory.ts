/**
 * Failed log-ins, counted in the memory of this process.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { addressGroup } from './address.ts'
import {
  type Failures,
  KNOWN_FOR,
  type Limit,
  PER_ACCOUNT,
  PER_ADDRESS,
  refuseFor,
  waitFor,
  withFailure,
} from './failures.ts'
import type { MemoryAttempt, Throttle } from './throttle.ts'

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
