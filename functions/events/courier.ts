/**
 * Delivers what waits for one receiver.
 *
 * Events of a lane go one after the other: the next only once the receiver has the one before, or that is dead. After a
 * failure the lane waits; after some with no success between them, the receiver is taken to be away, and all of it waits.
 * How long is known to this process alone; another begins anew.
 *
 * A copy is deleted once it is delivered, or is with the dead.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import { backOff } from './back-off.ts'
import { type Delivery, deadKey, deliveryOf, endedKey, waitingPrefix } from './keys.ts'
import type { Outcome } from './outcome.ts'
import type { Post } from './post.ts'
import type { Receiver } from './receivers.ts'
import type { EventRecord } from './record.ts'
import { readRecord, writeDead } from './stored.ts'

/** Milliseconds after which an event that cannot be delivered is dead. */
export const GIVE_UP = 24 * 60 * 60_000
/** Requests to one receiver at once. */
const PARALLEL = 8
/** Events that are looked at together. */
const CHUNK = 100
/** Milliseconds after which a long lane lets others go first. */
const TURN = 30_000
/** Failures with no success between them after which a receiver is taken to be away. */
const AWAY = 3
/** Lanes with failures that are kept in mind; more of them, and the receiver is taken to be away. */
const MOST_LANES = 1000

export interface CourierOptions {
  readonly store: ObjectStore
  readonly post: Post
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Ends requests. */
  readonly signal: AbortSignal
  /** Is told of what is worth a line in the log. */
  readonly report: (event: DeliveryEvent) => void
}

/** Something that happened to a delivery, without secrets. */
export interface DeliveryEvent {
  readonly receiver: string
  readonly what: 'failed' | 'dead' | 'ended' | 'damaged'
  /** Of the event. */
  readonly id: string
  readonly why: string
}

/** Delivers to one receiver. */
export interface Courier {
  /**
   * Goes through what waits once.
   *
   * @param goOn whether to go on; asked before each request
   * @returns milliseconds until something is due; undefined where nothing waits
   * @throws StoreError
   */
  round(receiver: Receiver, goOn: () => Promise<boolean>): Promise<number | undefined>
  /** Has all that waits be dead: the receiver has ended. */
  bury(receiver: Receiver, why: string): Promise<void>
}

interface Lane {
  readonly failures: number
  /** When it may be tried again. */
  readonly until: number
}

/** One delivery, by its key. */
interface Waiting extends Delivery {
  readonly key: string
}

/** Waiting events in pages, but for what no version of ours has written. */
async function* chunksOf(store: ObjectStore, name: string): AsyncGenerator<readonly Waiting[]> {
  for await (const objects of listPages(store, waitingPrefix(name))) {
    const all = objects.flatMap(({ key }) => {
      const delivery = deliveryOf(key)
      return delivery === undefined ? [] : [{ ...delivery, key }]
    })
    for (let from = 0; from < all.length; from += CHUNK) yield all.slice(from, from + CHUNK)
  }
}

/** Makes the courier of one receiver. */
export const createCourier = ({ store, post, now, signal, report }: CourierOptions): Courier => {
  const lanes = new Map<string, Lane>()
  /** Of the receiver as a whole. */
  let [failures, pauses, until, ended] = [0, 0, 0, false]

  const die = async (waiting: Waiting, why: string, record: EventRecord): Promise<void> => {
    await writeDead(store, deadKey(waiting), { since: now(), why, record })
    await store.delete([waiting.key])
    report({ receiver: waiting.receiver, what: 'dead', id: record.id, why })
  }

  /** Puts what this version cannot read beside the dead, as it is. */
  const putAside = async (waiting: Waiting): Promise<void> => {
    const { receiver, id, key } = waiting
    const info = await store.head(key)
    if (info === undefined) return
    await store.copy(key, deadKey(waiting), info.size)
    await store.delete([key])
    report({ receiver, what: 'damaged', id, why: 'it cannot be read' })
  }

  const bury: Courier['bury'] = async ({ name }, why) => {
    for await (const chunk of chunksOf(store, name)) {
      await inBatches(
        chunk,
        async (waiting) => {
          const read = await readRecord(store, waiting.key)
          if (read === 'damaged') await putAside(waiting)
          else if (read !== undefined) await die(waiting, why, read.value)
        },
        PARALLEL,
      )
    }
  }

  const succeeded = (lane: string): void => {
    lanes.delete(lane)
    ;[failures, pauses, until] = [0, 0, 0]
  }

  const failed = (lane: string, after: number | undefined): void => {
    const own = (lanes.get(lane)?.failures ?? 0) + 1
    lanes.set(lane, { failures: own, until: now() + backOff(own) })
    failures += 1
    const away = failures >= AWAY || lanes.size >= MOST_LANES
    // Requests that were under way at once fail together: that is one pause.
    if (away && until <= now()) until = now() + backOff(++pauses)
    if (after !== undefined) until = Math.max(until, now() + after)
  }

  /** @returns whether the next of its lane may go */
  const settle = async (
    receiver: Receiver,
    waiting: Waiting,
    read: { readonly value: EventRecord; readonly modified: Date },
    outcome: Outcome,
  ): Promise<boolean> => {
    const { name } = receiver
    const { value: record, modified } = read
    if (outcome.kind === 'delivered') {
      await store.delete([waiting.key])
      succeeded(waiting.lane)
      return true
    }
    const { why } = outcome
    if (outcome.kind === 'gone') {
      ended = true
      await store.put(endedKey(name), Buffer.from(why))
      await die(waiting, why, record)
      report({ receiver: name, what: 'ended', id: record.id, why })
      return false
    }
    if (outcome.kind === 'refused') {
      await die(waiting, why, record)
      succeeded(waiting.lane)
      return true
    }
    failed(waiting.lane, outcome.after)
    report({ receiver: name, what: 'failed', id: record.id, why })
    if (modified.getTime() + GIVE_UP > now()) return false
    await die(waiting, why, record)
    return true
  }

  /**
   * Delivers the events of a lane, as far as that goes.
   *
   * @returns whether that was all of them
   */
  const deliver = async (
    receiver: Receiver,
    goOn: () => Promise<boolean>,
    lane: readonly Waiting[],
  ): Promise<boolean> => {
    const began = now()
    for (const waiting of lane) {
      const isTurn = !ended && until <= now() && now() - began < TURN
      if (!isTurn || signal.aborted || !(await goOn())) return false
      const read = await readRecord(store, waiting.key)
      if (read === 'damaged') await putAside(waiting)
      // It may have been delivered by another process.
      if (read === undefined || read === 'damaged') continue
      const outcome = await post(receiver, read.value, signal)
      if (signal.aborted && outcome.kind === 'failed') return false
      if (!(await settle(receiver, waiting, read, outcome))) return false
    }
    return true
  }

  return {
    bury,
    async round(receiver, goOn) {
      const { name } = receiver
      ended = false
      let left = false
      /** Lanes of which something is left: what comes later in the same round must not go before it. */
      const behind = new Set<string>()
      for await (const chunk of chunksOf(store, name)) {
        left = true
        if (until > now()) return until - now()
        if (signal.aborted || !(await goOn())) return 0
        const byLane = Map.groupBy(chunk, ({ lane }) => lane)
        const failuresOf = (lane: string): number => lanes.get(lane)?.failures ?? 0
        const isDue = (lane: string): boolean => (lanes.get(lane)?.until ?? 0) <= now()
        // Lanes that never failed go first: they say best whether the receiver is there.
        const due = [...byLane]
          .filter(([lane]) => isDue(lane) && !behind.has(lane))
          .toSorted(([a], [b]) => failuresOf(a) - failuresOf(b))
        for (const lane of byLane.keys()) behind.add(lane)
        await inBatches(
          due,
          async ([lane, events]) => {
            if (await deliver(receiver, goOn, events)) behind.delete(lane)
          },
          failures === 0 ? (receiver.atOnce ?? PARALLEL) : 1,
        )
        if (ended) {
          await bury(receiver, 'the receiver has ended: it responded 410')
          return undefined
        }
      }
      if (!left) {
        lanes.clear()
        return undefined
      }
      // Of the others nothing is left, whoever has delivered it.
      for (const lane of lanes.keys()) if (!behind.has(lane)) lanes.delete(lane)
      // A lane that has not failed was only to let others go first.
      let next = Number.POSITIVE_INFINITY
      for (const lane of behind) next = Math.min(next, lanes.get(lane)?.until ?? now())
      return Number.isFinite(next) ? Math.max(next - now(), until - now(), 0) : 0
    },
  }
}
