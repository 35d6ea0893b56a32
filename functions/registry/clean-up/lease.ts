/**
 * Who is at work: so that a second run, started by mistake, says so and ends. Two runs at once do no harm.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import { BOUNDS } from './bounds.ts'
import { newNonce } from './marker.ts'
import { dateOf } from './terms.ts'

/** The key of the clean-up's. */
export const LEASE_KEY = cleanUpKey('lease')

/** Milliseconds without a sign after which a run is taken for dead. */
const LIFE = 60_000
/** Milliseconds between two signs. */
const BEAT = 20_000

/** Most bytes read of a lease. */
const MAX_BYTES = 1024

/** A lease's schema. */
export const leaseSchema = z.object({ began: z.iso.datetime() })

/** A lease that is held. */
export interface Lease {
  /** Gives a sign of life, if it is time for one. @returns false when another run has taken over */
  keep(): Promise<boolean>
  /** Ends it. */
  release(): Promise<void>
}

/**
 * Takes a lease.
 *
 * @param date now, by the clock of the store
 * @param now clock in milliseconds that only goes forward
 * @param key of the lease
 * @returns since when another run goes on
 */
export const takeLease = async (
  store: ObjectStore,
  date: number,
  now: () => number,
  key = LEASE_KEY,
): Promise<Lease | Date> => {
  const began = new Date(date).toISOString()
  const body = () => Buffer.from(JSON.stringify({ began, nonce: newNonce() }))
  const there = await store.get(key)
  if (there !== undefined) {
    const { size, modified } = there.info
    const small = size <= MAX_BYTES
    if (!small) discard(there.body)
    const text = small ? (await readAll(there.body, MAX_BYTES)).toString() : ''
    if (modified.getTime() + LIFE > date) return beganIn(text) ?? modified
  }
  const condition = there ? { ifMatch: there.info.etag } : ({ ifNoneMatch: '*' } as const)
  let etag = await putUnlessChanged(store, key, body(), condition)
  if (etag === undefined) return new Date(date)
  let last = now()
  return {
    async keep() {
      if (etag === undefined) return false
      if (now() - last < BEAT) return true
      last = now()
      etag = await putUnlessChanged(store, key, body(), { ifMatch: etag })
      return etag !== undefined
    },
    async release() {
      if (etag !== undefined) await tookPlace(store.deleteIf(key, etag))
    },
  }
}

/** When a run began that holds a lease; undefined where the lease does not say. */
const beganIn = (text: string): Date | undefined => {
  try {
    const { data } = leaseSchema.safeParse(JSON.parse(text))
    return data && new Date(data.began)
  } catch {
    return undefined
  }
}

/** Whether a run may go on, by our own clock, in milliseconds. One operation. */
export const mayBeHeld = async (store: ObjectStore, now: number): Promise<boolean> => {
  const lease = await store.head(LEASE_KEY)
  return lease !== undefined && lease.modified.getTime() + LIFE + BOUNDS.skew > now
}

/**
 * Does work while no run goes on.
 *
 * @returns undefined when one does, and nothing was done
 */
export const whileNobodyRuns = async <T>(
  store: ObjectStore,
  work: () => Promise<T>,
): Promise<T | undefined> => {
  const lease = await takeLease(store, await dateOf(store), () => performance.now())
  if (lease instanceof Date) return undefined
  try {
    return await work()
  } finally {
    await lease.release()
  }
}
