/**
 * Events as they are recorded, for tests.
 *
 * @module
 */

import {
  type EventRecord,
  eventRecordSchema,
  eventsOf,
  OUTBOX,
} from '../../../functions/events/record.ts'
import { createRecorder, type Wanted } from '../../../functions/events/recorder.ts'
import type { Recorder } from '../../../functions/registry/happened.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import { listPages } from '../../../functions/storage/pages.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'

/** Somebody who wants to hear of everything. */
export const EVERYTHING: Wanted = { wants: () => true, references: true }

/** A recorder into a store. */
export const recorderOf = (
  store: ObjectStore,
  wanted: Wanted = EVERYTHING,
  now: () => number = Date.now,
): Recorder => createRecorder({ store, wanted, now })

/** The records that wait, in the order of their keys. */
export const recordsIn = async (store: ObjectStore): Promise<EventRecord[]> => {
  const records: EventRecord[] = []
  for await (const page of listPages(store, OUTBOX)) {
    for (const { key } of page) {
      const read = await store.get(key)
      if (read === undefined) continue
      const text = Buffer.from(await readAll(read.body, read.info.size)).toString()
      records.push(eventRecordSchema.parse(JSON.parse(text)))
    }
  }
  return records
}

/** The events that wait. */
export const eventsIn = async (store: ObjectStore): Promise<EventRecord[]> =>
  (await recordsIn(store)).flatMap(eventsOf)
