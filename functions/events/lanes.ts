/**
 * Lanes of events: what is delivered one after the other.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { EventRecord } from './record.ts'

/** Events of one lane are delivered one after the other: those of a tag, or of a digest without one. */
export const laneOf = ({ repository, target }: EventRecord): string =>
  createHash('sha256')
    .update(`${repository} ${target?.tag ?? target?.digest}`)
    .digest('hex')
    .slice(0, 12)

/**
 * Keeps the order within lanes, since a courier may be at work: who sees the copy of an event finds those before it. What
 * is begun first is before the rest, and all of it is looked at together.
 *
 * @returns what looks at a record, and then tells of it
 */
export const createLanes = () => {
  const last = new Map<string, Promise<unknown>>()
  let known: Promise<unknown> = Promise.resolve()
  return async (
    look: () => Promise<readonly EventRecord[] | undefined>,
    tell: (events: readonly EventRecord[]) => Promise<void>,
  ): Promise<readonly EventRecord[] | undefined> => {
    const before = known
    const own = Promise.withResolvers<void>()
    known = own.promise
    // Where one fails, nothing that is after it is told.
    known.catch(() => {})
    let telling: Promise<void> | undefined
    let seen: readonly EventRecord[] | undefined
    try {
      seen = await look()
      // The lanes of all before are known then.
      await before
      if (seen !== undefined) {
        const events = seen
        const lanes = [...new Set(events.map(laneOf))]
        telling = Promise.all(lanes.map((lane) => last.get(lane))).then(() => tell(events))
        for (const lane of lanes) last.set(lane, telling)
      }
      own.resolve()
    } catch (error) {
      own.reject(error)
      throw error
    }
    await telling
    return seen
  }
}
