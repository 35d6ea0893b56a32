/**
 * Records what happens in the outbox, from where it is delivered: one object for each request that changes something
 * which somebody wants to hear of.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Happening, Recorder } from '../registry/happened.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type EventRecord, eventsOf, outboxKey, requestOf, type Wantable } from './record.ts'

/** What receivers want to hear of. */
export interface Wanted {
  /** Whether any of them wants it. */
  wants(event: Wantable): boolean
  /** Whether any of them wants to know what manifests refer to. */
  readonly references: boolean
}

export interface RecorderOptions {
  readonly store: ObjectStore
  readonly wanted: Wanted
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Is told that something that was recorded has happened. Takes no time. Default: it is found later. */
  readonly wake?: (() => void) | undefined
}

/** What is told of a target to those who want no references. */
const withoutReferences = ({ references: _, ...target }: NonNullable<Happening['target']>) => target

/** Writes a record, in one operation. What is undefined is left out. @returns its key */
const putRecord = async (store: ObjectStore, record: EventRecord): Promise<string> => {
  const key = outboxKey(record)
  await store.put(key, Buffer.from(`${JSON.stringify(record)}\n`))
  return key
}

/** A recorder into a store. */
export const createRecorder = ({ store, wanted, now, wake }: RecorderOptions): Recorder => ({
  begin(repository, { actor, request } = {}) {
    const written: Promise<string>[] = []
    return {
      wantsMoves: async () =>
        repository !== undefined && wanted.wants({ action: 'tag', repository }),

      async write({ action, target, tags, facts, proof }) {
        const record = {
          version: 1,
          id: randomUUID(),
          at: now(),
          action,
          repository,
          target: target && (wanted.references ? target : withoutReferences(target)),
          facts,
          actor,
          request: request && requestOf(request),
          proof,
          tags,
        } as EventRecord
        if (!eventsOf(record).some((event) => wanted.wants(event))) return
        const writing = putRecord(store, record)
        written.push(writing)
        await writing
      },

      async withdraw() {
        const ends = await Promise.allSettled(written.splice(0))
        const keys = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
        // If that fails, it has no proof, or is told although it was refused.
        if (keys.length > 0) await store.delete(keys).catch(() => {})
      },

      done: () => {
        if (written.length > 0) wake?.()
      },
    }
  },
})
