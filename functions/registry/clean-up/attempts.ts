/**
 * How clean-ups went, for a host that forgets everything between two of them. It is called more often than it
 * is to clean up: what was stopped goes on soon, and what has failed is tried again soon.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import { DAY } from './terms.ts'

/** The note's key. */
export const ATTEMPTS_KEY = cleanUpKey('attempts')

/** Of a note that is not damaged. */
const MAX_SIZE = 4096

/** From the end of one to the beginning of the next; less than a day, so that hourly calls do not drift by an hour each day. */
const PERIOD = DAY - 30 * 60_000

/** Milliseconds for which a clean-up may be stopped again and again. */
const TOO_LONG = 3 * DAY

/** A note's schema. */
export const attemptsSchema = z.object({
  /** `going`: it was stopped, it has failed, or it died. `refused`: it would take too much. */
  state: z.enum(['going', 'done', 'refused']),
  /** Since when that is so: `going` since it began. Milliseconds since 1970. */
  since: z.number(),
  /** How many attempts have failed, one after the other. */
  failures: z.int().check(z.minimum(0)),
  /** Why it was refused. */
  why: z.optional(z.string()),
})

/** How clean-ups went so far. */
export type Attempts = z.output<typeof attemptsSchema>

/**
 * How clean-ups went so far; undefined before the first. A damaged note is as none: the next one is early. One
 * operation.
 *
 * @throws StoreError when the store fails
 */
export const readAttempts = async (store: ObjectStore): Promise<Attempts | undefined> => {
  const object = await store.get(ATTEMPTS_KEY)
  if (object === undefined) return undefined
  try {
    return attemptsSchema.safeParse(JSON.parse((await readAll(object.body, MAX_SIZE)).toString()))
      .data
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

/** Keeps how they went. One operation. */
export const writeAttempts = async (store: ObjectStore, attempts: Attempts): Promise<void> =>
  void (await store.put(ATTEMPTS_KEY, Buffer.from(JSON.stringify(attempts))))

/** Whether it is time for the next one, or for the last to go on. */
export const isDue = (last: Attempts | undefined, now: number): boolean =>
  last === undefined || last.state === 'going' || last.since + PERIOD <= now

/** An attempt begins. One that dies has failed. */
export const beginning = (last: Attempts | undefined, now: number): Attempts => ({
  state: 'going',
  since: last?.state === 'going' ? last.since : now,
  failures: (last?.failures ?? 0) + 1,
})

/** Whether a clean-up that was stopped just now gets nowhere. */
export const getsNowhere = ({ since }: Attempts, now: number): boolean => since + TOO_LONG < now
