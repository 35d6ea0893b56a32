/**
 * Whether a clean-up may run: only where all writers of the store have had the time to see that one does.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { FENCE_AGE, fenceSince } from './fence.ts'

const WITH_CLOSED = 'stop all that writes to the store, and run slipway gc --run --closed'

/** For a store of which it is known. */
export const INEXACT = `this store cannot delete an object only if it is as it was read, so a clean-up beside pushes would not be safe: ${WITH_CLOSED}`

/** For a store of which it was just seen. */
const LOSES = `this store has just deleted an object that another request was changing, so a clean-up beside pushes would not be safe: ${WITH_CLOSED}`

/**
 * Whether the fence had been there long enough at a date. One operation.
 *
 * @param date milliseconds, by the clock of the store
 * @param age milliseconds that the fence must have been there
 */
export const wasFenced = async (
  store: ObjectStore,
  date: number,
  age = FENCE_AGE,
): Promise<boolean> => {
  const since = await fenceSince(store)
  return since !== undefined && since.getTime() + age < date
}

/**
 * Why no clean-up may run, in words; undefined when it may.
 *
 * @param date now, by the clock of the store
 * @param age milliseconds that the fence must have been there
 */
export const notReady = async (
  store: ObjectStore,
  date: number,
  age = FENCE_AGE,
): Promise<string | undefined> => {
  if (!(await store.deletesExactly())) return INEXACT
  const since = await fenceSince(store)
  if (since === undefined) {
    return 'the registries on this store do not know of clean-ups: start them with --gc on'
  }
  const ready = since.getTime() + age
  if (ready < date) return (await store.losesWrites?.()) ? LOSES : undefined
  return `the registries on this store know of clean-ups only since ${since.toISOString()}: run it after ${new Date(ready).toISOString()}`
}
