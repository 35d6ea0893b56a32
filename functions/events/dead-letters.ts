/**
 * What an administrator sees of deliveries, and sends again.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import {
  DEAD_PREFIX,
  type Delivery,
  deadKey,
  deliveryOf,
  ENDED_PREFIX,
  endedKey,
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

/** Deliveries after another one, and whether there are more; `names` stand for them in the next page. */
interface Page {
  readonly deliveries: readonly Delivery[]
  readonly names: readonly string[]
  readonly more: boolean
}

/** @param last what `names` had for the last one of another page */
const pageBelow = async (
  store: ObjectStore,
  prefix: string,
  limit: number,
  last: string | undefined,
): Promise<Page> => {
  const deliveries: Delivery[] = []
  const names: string[] = []
  const after = last === undefined ? undefined : prefix + last
  for await (const objects of listPages(store, prefix, after)) {
    for (const { key } of objects) {
      const delivery = deliveryOf(key)
      if (delivery === undefined) continue
      if (names.length === limit) return { deliveries, names, more: true }
      deliveries.push(delivery)
      names.push(key.slice(prefix.length))
    }
  }
  return { deliveries, names, more: false }
}

/** A page of what waits for its receiver, by receiver and then by time. */
export const pageOfWaiting = (store: ObjectStore, limit: number, last?: string): Promise<Page> =>
  pageBelow(store, WAITING_PREFIX, limit, last)

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

/** Most that are read at once: each may be megabytes. */
const MOST_AT_ONCE = 4

/** A page of what could not be delivered. One operation each. @param show all that is kept of each in memory */
export const pageOfDead = async <T>(
  store: ObjectStore,
  limit: number,
  last: string | undefined,
  show: (letter: DeadLetter) => T,
): Promise<Omit<Page, 'deliveries'> & { readonly letters: readonly T[] }> => {
  const { deliveries, ...page } = await pageBelow(store, DEAD_PREFIX, limit, last)
  const read = async (delivery: Delivery): Promise<T> => {
    const found = await readDead(store, deadKey(delivery))
    const event = found === undefined || found === 'damaged' ? undefined : found.value
    return show({ delivery, event })
  }
  const letters = await inBatches(deliveries, read, MOST_AT_ONCE)
  return { ...page, letters }
}

/** The receivers that have ended, by name. */
export const listEnded = async (store: ObjectStore): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const objects of listPages(store, ENDED_PREFIX)) {
    names.push(...objects.map(({ key }) => key.slice(ENDED_PREFIX.length)))
  }
  return names
}

/** Those of some receivers that had ended of which that still holds. One operation each. */
export const stillEnded = async (
  store: ObjectStore,
  names: Iterable<string>,
): Promise<ReadonlySet<string>> => {
  const found = await inBatches([...names], async (name) =>
    (await store.head(endedKey(name))) === undefined ? [] : [name],
  )
  return new Set(found.flat())
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

/** What became of events that were to be sent again. */
export interface Resent {
  readonly sent: number
  /** Ids of those that are damaged: they stay where they are. */
  readonly damaged: readonly string[]
  /** Ids of which no event is dead. */
  readonly missing: readonly string[]
  /** Whether there are more that can be sent. */
  readonly more: boolean
}

/** Has events wait for their receivers once more. @param most how many at most */
export const resendDead = async (
  store: ObjectStore,
  ids: readonly string[] | 'all',
  most = Number.POSITIVE_INFINITY,
): Promise<Resent> => {
  const missing = new Set(ids === 'all' ? [] : ids)
  const damaged: string[] = []
  let sent = 0
  let more = false
  // An event of several receivers has one id for all of them.
  for await (const delivery of deliveriesBelow(store, DEAD_PREFIX)) {
    if (ids !== 'all' && !ids.includes(delivery.id)) continue
    if (sent === most) {
      more = true
      if (missing.size === 0) break
      // Perhaps another one that was asked for; it is for the next time.
      missing.delete(delivery.id)
      continue
    }
    const read = await readDead(store, deadKey(delivery))
    if (read === undefined) continue
    missing.delete(delivery.id)
    if (read === 'damaged') {
      damaged.push(delivery.id)
      continue
    }
    await resend(store, delivery, read.value)
    sent += 1
  }
  return { sent, damaged, missing: [...missing], more }
}
