/**
 * What an administrator sees of deliveries, and sends again.
 *
 * @module
 */

import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import {
  DEAD_PREFIX,
  type Delivery,
  deadKey,
  deliveryOf,
  ENDED_PREFIX,
  WAITING_PREFIX,
  waitingKey,
} from './keys.ts'
import { type DeadEvent, readDead, writeRecord } from './stored.ts'

async function* deliveriesBelow(store: ObjectStore, prefix: string): AsyncGenerator<Delivery> {
  for await (const objects of listPages(store, prefix)) {
    for (const { key } of objects) {
      const delivery = deliveryOf(key)
      if (delivery !== undefined) yield delivery
    }
  }
}

/** What waits for its receiver, by receiver and then by time. */
export const listWaiting = (store: ObjectStore): AsyncGenerator<Delivery> =>
  deliveriesBelow(store, WAITING_PREFIX)

/** An event that could not be delivered; without `event` where it is damaged. */
export interface DeadLetter {
  readonly delivery: Delivery
  readonly event: DeadEvent | undefined
}

/** What could not be delivered, by receiver and then by time. One operation each. */
export async function* listDead(store: ObjectStore): AsyncGenerator<DeadLetter> {
  for await (const delivery of deliveriesBelow(store, DEAD_PREFIX)) {
    const read = await readDead(store, deadKey(delivery))
    if (read === undefined) continue
    yield { delivery, event: read === 'damaged' ? undefined : read.value }
  }
}

/** The receivers that have ended, by name. */
export const listEnded = async (store: ObjectStore): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const objects of listPages(store, ENDED_PREFIX)) {
    names.push(...objects.map(({ key }) => key.slice(ENDED_PREFIX.length)))
  }
  return names
}

/** Has the receivers that have ended be sent events again. */
export const revive = async (store: ObjectStore, names: readonly string[]): Promise<void> => {
  await store.delete(names.map((name) => ENDED_PREFIX + name))
}

/**
 * Has an event wait for its receiver once more. It is with the dead ones until it waits, so it is not lost whenever
 * this ends; it may be sent twice.
 */
export const resend = async (
  store: ObjectStore,
  delivery: Delivery,
  { record }: DeadEvent,
): Promise<void> => {
  await writeRecord(store, waitingKey(delivery), record)
  await store.delete([deadKey(delivery)])
}
