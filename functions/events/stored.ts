/**
 * Events as they lie in the store.
 *
 * @module
 */

import * as z from '../shared/schema.ts'
import { discard, readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type EventRecord, eventRecordSchema } from './record.ts'

/** Most bytes of one: a manifest of 4 MiB refers to so much. */
const MAX_BYTES = 8 * 1024 * 1024

const deadSchema = z.object({
  version: z.literal(1),
  /** When it was given up: milliseconds since 1970. */
  since: z.int(),
  /** What the receiver responded last, or why it could not. */
  why: z.string(),
  record: eventRecordSchema,
})

/** An event that could not be delivered. */
export type DeadEvent = z.output<typeof deadSchema>

/** What is read of an event: nothing where there is none, and `damaged` for what this version cannot read. */
type Read<T> = { readonly value: T; readonly modified: Date } | 'damaged' | undefined

const read = async <T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodMiniType<T>,
): Promise<Read<T>> => {
  const object = await store.get(key)
  if (object === undefined) return undefined
  const { body, info } = object
  if (info.size > MAX_BYTES) {
    discard(body)
    return 'damaged'
  }
  const text = (await readAll(body, MAX_BYTES)).toString()
  try {
    const { data } = schema.safeParse(JSON.parse(text))
    return data === undefined ? 'damaged' : { value: data, modified: info.modified }
  } catch {
    return 'damaged'
  }
}

/** Reads a record: of the outbox, or one that waits for a receiver. */
export const readRecord = (store: ObjectStore, key: string): Promise<Read<EventRecord>> =>
  read(store, key, eventRecordSchema)

/** Reads an event that could not be delivered. */
export const readDead = (store: ObjectStore, key: string): Promise<Read<DeadEvent>> =>
  read(store, key, deadSchema)

/** Writes a record. */
export const writeRecord = async (
  store: ObjectStore,
  key: string,
  record: EventRecord,
): Promise<void> => {
  await store.put(key, Buffer.from(JSON.stringify(record)))
}

/** Writes an event that could not be delivered. */
export const writeDead = async (
  store: ObjectStore,
  key: string,
  dead: Omit<DeadEvent, 'version'>,
): Promise<void> => {
  await store.put(key, Buffer.from(JSON.stringify({ version: 1, ...dead })))
}
