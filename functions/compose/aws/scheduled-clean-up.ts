/**
 * The clean-up of a function that a schedule calls, every hour: it goes on with deletes of whole repositories, cleans up
 * once a day, goes on where the time of
 * an invocation was not enough, and tries again what has failed.
 *
 * @module
 */

import {
  type Attempts,
  beginning,
  getsNowhere,
  isDue,
  readAttempts,
  writeAttempts,
} from '../../registry/clean-up/attempts.ts'
import type { Collected } from '../../registry/clean-up/collect.ts'
import { FENCE_AGE, fenceSince, raiseFence } from '../../registry/clean-up/fence.ts'
import { keepUp } from '../../registry/clean-up/keepers.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { type CleanUpOptions, cleanUp, finishDeletes } from '../clean-up.ts'

/** One invocation. */
export interface Invocation {
  /** Of the function. */
  readonly name: string
  /** Whether to clean up although it is not time for it. */
  readonly now: boolean
  /** Says whether the invocation is about to end. */
  readonly isOver: () => boolean
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** Milliseconds by which our clock may differ from the store's. */
const CLOCK_MARGIN = 60_000

/** Milliseconds for which the fence stays up after a call: the next two. */
const KEEPS = 150 * 60_000

const STUCK = 'the clean-up is stopped again and again, and has not come to an end for days'

/** What an attempt that ended so leaves behind, and why it has failed, if it has. */
const outcomeOf = (
  begun: Attempts,
  before: Attempts | undefined,
  ended: Collected,
  now: number,
): { readonly note: Attempts; readonly failed?: string } => {
  switch (ended.outcome) {
    case 'done':
      return { note: { state: 'done', since: now, failures: 0 } }
    case 'stopped':
      return getsNowhere(begun, now)
        ? { note: begun, failed: STUCK }
        : { note: { ...begun, failures: 0 } }
    case 'busy':
      return { note: { ...begun, failures: before?.failures ?? 0 } }
    case 'not-ready':
      return { note: begun, failed: ended.why }
    case 'refused': {
      const why = ended.foreign
        ? `distribution or Slipway 1.0 has written ${ended.why} within the grace`
        : `the clean-up would take ${ended.why}`
      return { note: { ...begun, state: 'refused', since: now, why }, failed: why }
    }
  }
}

/** Has the fence, for long enough? @returns otherwise false: writers have to see it first */
const isFenced = async (
  store: ObjectStore,
  { logger }: CleanUpOptions,
  now: number,
): Promise<boolean> => {
  const since = (await fenceSince(store))?.getTime()
  if (since === undefined) await raiseFence(store)
  const from = (since ?? now) + FENCE_AGE + CLOCK_MARGIN
  if (from <= now) return true
  logger.info(
    { from: new Date(from).toISOString() },
    'no clean-up yet: all writers have to know of it',
  )
  return false
}

/**
 * Cleans up, if it is time for that.
 *
 * @throws StoreError when the store fails, and Error when the clean-up may not run or was refused; also between
 *   two clean-ups, when the last ones were refused
 */
export const scheduledCleanUp = async (
  store: ObjectStore,
  options: CleanUpOptions,
  { name, now, isOver, clock }: Invocation,
): Promise<void> => {
  await keepUp(store, `function-${name}`, `the function ${name}`, KEEPS)
  await finishDeletes(store, options, isOver)
  const before = await readAttempts(store)
  if (!now && !isDue(before, clock())) {
    // So that an alarm stays until somebody has looked.
    if (before?.why !== undefined && before.failures > 1) throw new Error(before.why)
    return
  }
  if (!(await isFenced(store, options, clock()))) return
  const begun = beginning(before, clock())
  await writeAttempts(store, begun)
  const { note, failed } = outcomeOf(begun, before, await cleanUp(store, options, isOver), clock())
  await writeAttempts(store, note)
  if (failed !== undefined) throw new Error(failed)
}
