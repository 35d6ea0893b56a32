/**
 * Sends events where nothing runs for long, as in a function: until nothing is due soon, or the time is over.
 *
 * It leaves to others what they are at work on, and does not wait for them. Nothing is missed by that: whoever finds
 * another at work has seen its event in the store before, and that other looks once more when it is no longer at work.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import { alone } from './alone.ts'
import { type Courier, createCourier } from './courier.ts'
import { stillEnded } from './dead-letters.ts'
import { fanOut } from './fan-out.ts'
import {
  BEFORE_WAITING,
  COPYING,
  deliveryOf,
  EVENTS_PREFIX,
  endedKey,
  waitingPrefix,
} from './keys.ts'
import type { Post } from './post.ts'
import type { Receiver } from './receivers.ts'
import { OUTBOX } from './record.ts'
import type { SenderReport } from './sender.ts'

/** Milliseconds for which it waits until something is due; what is due later is for another time. */
const PATIENCE = 10_000

export interface DrainOptions {
  readonly store: ObjectStore
  readonly post: Post
  readonly report: Omit<SenderReport, 'failed'>
  /** Clock in milliseconds since 1970. Default: the platform's. */
  readonly now?: () => number
}

/**
 * Sends what waits. What it knows of failures is kept for the next time.
 *
 * @param read gives those who are told, as the store has them now
 * @param isOver whether to begin nothing more, not even a request of ten seconds
 * @param what `recorded`: there is something in the outbox, and nothing else is looked for. `all`: also what is to be
 *   sent again, and what others have left, who may have died
 * @throws StoreError once all has been tried
 */
export type Drain = (
  read: () => Promise<readonly Receiver[]>,
  isOver: () => boolean,
  what: 'recorded' | 'all',
) => Promise<void>

/** Something to do, of which one process does all at a time. */
interface Task {
  readonly name: string
  /** Whether there is something, as far as is known. */
  readonly known: boolean
  readonly isThere: () => Promise<boolean>
  /** @returns milliseconds until more is to be done; undefined where that is not known */
  readonly act: (goOn: () => Promise<boolean>) => Promise<number | undefined>
}

/** Makes what sends events. */
export const createDrain = ({ store, post, report, now = Date.now }: DrainOptions): Drain => {
  const couriers = new Map<string, Courier>()
  /** Records that this version cannot read: they stay in the outbox. */
  const unreadable = new Set<string>()
  const { signal } = new AbortController()

  const courierOf = ({ name }: Receiver): Courier => {
    const courier =
      couriers.get(name) ?? createCourier({ store, post, now, signal, report: report.delivery })
    couriers.set(name, courier)
    return courier
  }

  const hasAny = async (prefix: string, counts: (key: string) => boolean): Promise<boolean> => {
    for await (const objects of listPages(store, prefix)) {
      if (objects.some(({ key }) => counts(key))) return true
    }
    return false
  }

  const damaged = (key: string): void => {
    if (!unreadable.has(key)) report.damaged(key)
    unreadable.add(key)
  }

  /** Those that have ended. */
  const endedOf = async (receivers: readonly Receiver[]): Promise<ReadonlySet<string>> => {
    const infos = await Promise.all(receivers.map(({ name }) => store.head(endedKey(name))))
    return new Set(receivers.filter((_, at) => infos[at] !== undefined).map(({ name }) => name))
  }

  return async (read, isOver, what) => {
    let receivers = await read()
    if (receivers.length === 0) return
    const all = what === 'all'
    if (all) {
      const page = await store.list(EVENTS_PREFIX, { startAfter: BEFORE_WAITING, limit: 1 })
      if (page.objects.length === 0) return
    }
    let ended = await endedOf(receivers)
    const hearing = async (): Promise<readonly Receiver[]> => {
      receivers = await read()
      ended = await stillEnded(store, ended)
      return receivers.filter(({ name }) => !ended.has(name))
    }
    const delivering = new Map<string, Promise<void>>()

    /** Works as long as there is something to be done soon, and nobody else does it. */
    const work = async ({ name, known, isThere, act }: Task): Promise<void> => {
      for (let there = known; !isOver() && (there || (await isThere())); there = false) {
        const due = await alone(store, name, now, (isOwn) => act(async () => !isOver() && isOwn()))
        if (due === 'busy' || (due ?? 0) > PATIENCE) return
        await sleep(due ?? 0)
      }
    }

    const deliver = (receiver: Receiver, known: boolean): Promise<void> =>
      work({
        name: receiver.name,
        known,
        isThere: () => hasAny(waitingPrefix(receiver.name), (key) => deliveryOf(key) !== undefined),
        act: async (goOn) => {
          const courier = courierOf(receiver)
          if (!ended.has(receiver.name)) return courier.round(receiver, goOn)
          await courier.bury(receiver, 'the receiver has ended')
          return undefined
        },
      })

    /** Delivers, once more if that goes on already. */
    const start = (receiver: Receiver, known: boolean): void => {
      const before = delivering.get(receiver.name) ?? Promise.resolve()
      const next = before.then(() => deliver(receiver, known))
      // Whoever waits for all of them hears of a failure.
      next.catch(() => {})
      delivering.set(receiver.name, next)
    }

    const copy = (): Promise<void> =>
      work({
        name: COPYING,
        known: !all,
        isThere: () => hasAny(OUTBOX, (key) => !unreadable.has(key)),
        act: async (goOn) => {
          const { told, again } = await fanOut(store, { hearing, now, goOn, damaged })
          for (const receiver of receivers) if (told.has(receiver.name)) start(receiver, true)
          return again
        },
      })

    if (all) for (const receiver of receivers) start(receiver, false)
    const [copied] = await Promise.allSettled([copy()])
    const ends = [copied, ...(await Promise.allSettled(delivering.values()))]
    for (const each of ends) if (each.status === 'rejected') throw each.reason
  }
}
