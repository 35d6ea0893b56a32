/**
 * A store with documents in it, a clock that is set by hand, and accounts over both.
 *
 * @module
 */

import type { TestContext } from 'vitest'
import { type Accounts, createAccounts } from '../../functions/auth/accounts/accounts.ts'
import {
  hashPassword,
  type VerifyPassword,
  verifyPassword,
} from '../../functions/auth/accounts/bcrypt.ts'
import type { LiveEvent } from '../../functions/auth/live.ts'
import { createThrottle } from '../../functions/auth/throttle/failures.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { openFiles } from '../support/rig/stores.ts'

/** Time in milliseconds, which only moves when told to. */
export interface Clock {
  now(): number
  pass(milliseconds: number): void
}

export const createClock = (): Clock => {
  let at = Date.UTC(2030, 0, 1)
  return {
    now: () => at,
    pass: (milliseconds) => {
      at += milliseconds
    },
  }
}

/** An empty file store that is removed after the test. */
export const emptyStore = async (t: TestContext): Promise<ObjectStore> => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  return store
}

/** Writes a document, whatever it was before. */
export const write = async (store: ObjectStore, key: string, text: string): Promise<void> => {
  await store.put(key, Buffer.from(text))
}

/** A line of htpasswd with a hash that is quick to verify. */
export const userLine = async (name: string, password: string, cost = 4): Promise<string> =>
  `${name}:${await hashPassword(password, cost)}\n`

export interface Rig {
  readonly accounts: Accounts
  readonly store: ObjectStore
  readonly clock: Clock
  /** Hashes that passwords were compared to. */
  readonly compared: string[]
  readonly events: LiveEvent[]
}

/** Accounts over an empty store, or the one given. */
export const openAccounts = async (
  t: TestContext,
  options: { readonly store?: ObjectStore; readonly verify?: VerifyPassword } = {},
): Promise<Rig> => {
  const store = options.store ?? (await emptyStore(t))
  const verify = options.verify ?? verifyPassword
  const clock = createClock()
  const compared: string[] = []
  const events: LiveEvent[] = []
  const accounts = createAccounts({
    store,
    now: clock.now,
    report: (event) => events.push(event),
    throttle: createThrottle(clock.now),
    verify: (password, hash) => {
      compared.push(hash)
      return verify(password, hash)
    },
  })
  return { accounts, store, clock, compared, events }
}
