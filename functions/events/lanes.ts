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

/** What was found of a record. */
export interface Looked {
  readonly events: readonly EventRecord[]
  /** Whether they are not to be told yet, and neither is what comes later in their lanes. */
  readonly wait: boolean
}

/**
 * Keeps the order within lanes, since a courier may be at work: who sees the copy of an event finds those before it. What
 * is begun first is before the rest, and all of it is looked at together.
 *
 * @param waiting lanes of which something waits; those of what is found to wait are added
 * @returns what looks at a record, and then tells of it; whether it has told
 */
export const createLanes = (waiting: Set<string>) => {
  const last = new Map<string, Promise<unknown>>()
  let known: Promise<unknown> = Promise.resolve()
  return async (
    look: () => Promise<Looked | undefined>,
    tell: (events: readonly EventRecord[]) => Promise<void>,
  ): Promise<boolean> => {
    const before = known
    const own = Promise.withResolvers<void>()
    known = own.promise
    // Where one fails, nothing that is after it is told.
    known.catch(() => {})
    let telling: Promise<void> | undefined
    try {
      const seen = await look()
      // The lanes of all before are known then.
      await before
      const { events = [], wait = true } = seen ?? {}
      const lanes = [...new Set(events.map(laneOf))]
      if (wait || lanes.some((lane) => waiting.has(lane))) {
        for (const lane of lanes) waiting.add(lane)
      } else {
        telling = Promise.all(lanes.map((lane) => last.get(lane))).then(() => tell(events))
        for (const lane of lanes) last.set(lane, telling)
      }
      own.resolve()
    } catch (error) {
      own.reject(error)
      throw error
    }
    await telling
    return telling !== undefined
  }
}
