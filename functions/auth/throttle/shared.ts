/**
 * Failed log-ins, counted by all instances over a store, beside each one's own memory. A log-in with a
 * password costs one read more, and a failed one a conditional write.
 *
 * Guesses at the same moment, each at another instance, are all let through: counting each before it is
 * compared would cost right log-ins a write. All of them are counted when they have failed, so there is
 * one such moment, and then a wait for all.
 *
 * If the store fails, failures are counted in memory alone, and log-ins go on.
 *
 * @module
 */

import { readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore, WriteCondition } from '../../storage/store.ts'
import { KNOWN_FOR, PER_ACCOUNT, PER_ADDRESS, refuseFor, waitFor, withFailure } from './failures.ts'
import {
  type FailureRecord,
  formatRecord,
  MAX_RECORD,
  NO_FAILURES,
  type Place,
  parseRecord,
  placeOf,
} from './record.ts'
import type { Throttle } from './throttle.ts'

/**
 * How often a write is tried that others are faster than. Whoever gives up has seen as many others counted
 * in this object: more than are free to an account.
 */
const ATTEMPTS = PER_ACCOUNT.free + 2

export interface SharedThrottleOptions {
  readonly store: ObjectStore
  /** What this process counts by itself. */
  readonly memory: Pick<Throttle, 'inMemory'>
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Called when failures cannot be read or written; must not throw. */
  readonly report: (error: unknown) => void
}

interface Stored {
  readonly record: FailureRecord
  readonly etag: string | undefined
}

type Change = (record: FailureRecord) => FailureRecord

const failed =
  ({ account, address }: Place, now: number): Change =>
  ({ accounts, addresses, known }) => ({
    known,
    accounts: new Map(accounts).set(account, withFailure(accounts.get(account), PER_ACCOUNT, now)),
    addresses: new Map(addresses).set(
      address,
      withFailure(addresses.get(address), PER_ADDRESS, now),
    ),
  })

const succeeded =
  ({ account }: Place, now: number): Change =>
  ({ accounts, addresses, known }) => ({
    accounts: new Map([...accounts].filter(([id]) => id !== account)),
    addresses,
    known: new Map(known).set(account, now),
  })

/** Milliseconds until a log-in is let through. Who has logged in there waits for no others. */
const waitOf = (record: FailureRecord, { account, address }: Place, now: number): number => {
  const isKnown = (record.known.get(account) ?? Number.NEGATIVE_INFINITY) > now - KNOWN_FOR
  const others = isKnown ? 0 : waitFor(record.addresses.get(address), PER_ADDRESS, now)
  return Math.max(waitFor(record.accounts.get(account), PER_ACCOUNT, now), others)
}

/** Whether a right password changes what the others see. */
const matters = (record: FailureRecord, { account, address }: Place): boolean =>
  record.accounts.has(account) ||
  (!record.known.has(account) && (record.addresses.get(address)?.count ?? 0) > PER_ADDRESS.free)

/** Creates a throttle that counts in a store what has failed. Nothing is read before a log-in. */
export const createSharedThrottle = (options: SharedThrottleOptions): Throttle => {
  const { store, memory, now, report } = options

  const read = async (key: string): Promise<Stored> => {
    const object = await store.get(key)
    if (object === undefined) return { record: NO_FAILURES, etag: undefined }
    const bytes = await readAll(object.body, MAX_RECORD).catch((error: unknown) => {
      if (error instanceof RangeError) return new Uint8Array()
      throw error
    })
    return { record: parseRecord(bytes, now()), etag: object.info.etag }
  }

  /** @returns whether no other was faster */
  const put = async (
    key: string,
    bytes: Uint8Array,
    etag: string | undefined,
  ): Promise<boolean> => {
    const condition: WriteCondition = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag }
    try {
      return await tookPlace(store.put(key, bytes, { condition }))
    } catch {
      // A service may refuse conditions. Without them some failures at the same moment are not counted.
      await store.put(key, bytes)
      return true
    }
  }

  const write = async ({ key }: Place, before: Stored, change: Change): Promise<void> => {
    try {
      let stored = before
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        if (attempt > 1) stored = await read(key)
        if (await put(key, formatRecord(change(stored.record), now()), stored.etag)) return
      }
    } catch (error) {
      report(error)
    }
  }

  return {
    inMemory: memory.inMemory,
    async attempt(account, address) {
      const here = memory.inMemory(account, address)
      const place = placeOf(account, address)
      const stored = await read(place.key).catch((error: unknown) => {
        report(error)
        return undefined
      })
      if (stored === undefined) return here
      const wait = waitOf(stored.record, place, now())
      if (wait > 0) here.withdrawn()
      refuseFor(wait)
      return {
        async succeeded() {
          here.succeeded()
          if (matters(stored.record, place)) await write(place, stored, succeeded(place, now()))
        },
        async failed() {
          here.failed()
          await write(place, stored, failed(place, now()))
        },
        withdrawn: here.withdrawn,
      }
    },
  }
}
