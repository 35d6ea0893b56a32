/**
 * Sends events: what is in the outbox goes to each receiver.
 *
 * One loop copies from the outbox, and one for each receiver delivers: whoever is slow keeps nobody else waiting. Each
 * has a lease while there is work, so that of several processes on a store one does it at a time. Two at once do no
 * harm but duplicates.
 *
 * @module
 */

import type { ObjectStore } from '../storage/store.ts'
import { alone } from './alone.ts'
import { type Courier, createCourier, type DeliveryEvent } from './courier.ts'
import { listEnded, stillEnded } from './dead-letters.ts'
import { fanOut } from './fan-out.ts'
import { BEFORE_WAITING, COPYING, EVENTS_PREFIX, waitingPrefix } from './keys.ts'
import { type Loop, startLoop } from './loop.ts'
import type { Post } from './post.ts'
import type { Receiver } from './receivers.ts'

/** Milliseconds until a sender that is not woken looks for what others have left: one listing. */
const LOOK = 60_000
/** Milliseconds until it looks again after a failure, and where another process is at work. */
const AGAIN = 5_000
/** Milliseconds that requests under way have when it stops. */
const LAST = 5_000

/** What is worth a line in the log. */
export interface SenderReport {
  delivery(event: DeliveryEvent): void
  /** A record that this version cannot read is left in the outbox. */
  damaged(key: string): void
  /** The store failed; it goes on later. */
  failed(error: unknown): void
}

export interface SenderOptions {
  readonly store: ObjectStore
  /** Those who are told; they may be remembered for a while. */
  readonly receivers: () => Promise<readonly Receiver[]>
  /** The same as the store has them now. */
  readonly current: () => Promise<readonly Receiver[]>
  readonly post: Post
  readonly report: SenderReport
  /** Clock in milliseconds since 1970. Default: the platform's. */
  readonly now?: () => number
}

/** A sender that runs. */
export interface Sender {
  /** Says that there may be something in the outbox. Takes no time. */
  wake(): void
  /** Waits for requests under way, for some seconds, and stops. */
  stop(): Promise<void>
}

/** Starts to send. It does not keep the process alive. */
export const startSender = ({
  store,
  receivers,
  current: readCurrent,
  post,
  report,
  now = Date.now,
}: SenderOptions): Sender => {
  const requests = new AbortController()
  let stopped = false
  let [current, ended]: [ReadonlyMap<string, Receiver>, ReadonlySet<string>] = [
    new Map(),
    new Set(),
  ]
  const loops = new Map<string, Loop>()
  /** What they know of failures outlives a receiver that is taken away and set again. */
  const couriers = new Map<string, Courier>()

  /** Does work until the sender stops, or later where another process does it. */
  const inTurn = async (
    name: string,
    work: (goOn: () => Promise<boolean>) => Promise<number | undefined>,
  ): Promise<number | undefined> => {
    const due = await alone(store, name, now, (isOwn) => work(async () => !stopped && isOwn()))
    return due === 'busy' ? AGAIN : due
  }

  const attempt = async (work: () => Promise<number | undefined>): Promise<number | undefined> => {
    try {
      return await work()
    } catch (error) {
      report.failed(error)
      return AGAIN
    }
  }

  const deliver = async (name: string): Promise<number | undefined> => {
    const receiver = current.get(name)
    const courier = couriers.get(name)
    if (receiver === undefined || courier === undefined) return undefined
    const { objects } = await store.list(waitingPrefix(name), { limit: 1 })
    if (objects.length === 0) return undefined
    return inTurn(name, async (goOn) => {
      if (!ended.has(name)) return courier.round(receiver, goOn)
      await courier.bury(receiver, 'the receiver has ended')
      return undefined
    })
  }

  /** Starts to deliver to those who are new, and stops for those who are gone. */
  const follow = (all: readonly Receiver[]): void => {
    current = new Map(all.map((each) => [each.name, each]))
    for (const [name, loop] of loops) {
      if (current.has(name)) continue
      loops.delete(name)
      void loop.stop()
    }
    for (const name of current.keys()) {
      if (loops.has(name) || stopped) continue
      if (!couriers.has(name)) {
        const { signal } = requests
        couriers.set(name, createCourier({ store, post, now, signal, report: report.delivery }))
      }
      loops.set(
        name,
        startLoop(() => attempt(() => deliver(name))),
      )
    }
  }

  /** Records that this version cannot read: they stay in the outbox, and are told of once. */
  const unreadable = new Set<string>()
  const damaged = (key: string): void => {
    if (!unreadable.has(key)) report.damaged(key)
    unreadable.add(key)
  }

  const look = async (): Promise<number | undefined> => {
    const all = await receivers()
    const before = loops.size
    follow(all)
    if (all.length + before === 0) return LOOK
    const page = await store.list(EVENTS_PREFIX, { startAfter: BEFORE_WAITING, limit: 1 })
    if (page.objects.length === 0) return LOOK
    ended = new Set(await listEnded(store))
    const hearing = async (): Promise<readonly Receiver[]> => {
      const told = await readCurrent()
      ended = await stillEnded(store, ended)
      return told.filter(({ name }) => !ended.has(name))
    }
    const again = await inTurn(COPYING, async (goOn) => {
      const done = await fanOut(store, { hearing, now, goOn, damaged })
      return done.again
    })
    // Also of others, who may have died: each looks for itself.
    for (const loop of loops.values()) loop.wake()
    return Math.min(again ?? LOOK, LOOK)
  }

  const outbox = startLoop(() => attempt(look))
  return {
    wake: outbox.wake,
    async stop() {
      stopped = true
      const end = Promise.all([outbox, ...loops.values()].map((loop) => loop.stop()))
      const timer = setTimeout(() => requests.abort(), LAST)
      await end
      clearTimeout(timer)
    },
  }
}
