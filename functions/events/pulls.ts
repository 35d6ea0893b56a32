/**
 * Tells receivers of pulls, at best effort: from memory, once, with no event in the store. What there is no room for, and
 * what a receiver does not take, is dropped and counted. Pulls never wait for it.
 *
 * That a receiver has ended is in the store, as for other events: whoever sets the document, also the same once more,
 * takes it away there.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Pull } from '../registry/happened.ts'
import type { ObjectStore } from '../storage/store.ts'
import { backOff } from './back-off.ts'
import type { DeliveryEvent } from './courier.ts'
import { endedKey } from './keys.ts'
import type { Post } from './post.ts'
import type { Receiver } from './receivers.ts'
import { type EventRecord, requestOf } from './record.ts'

/** Pulls that wait for one receiver. */
const MOST_WAITING = 1000
/** Requests to one receiver at once. */
const PARALLEL = 4

export interface PullsOptions {
  /** Where it says who has ended. */
  readonly store: Pick<ObjectStore, 'head' | 'put'>
  readonly post: Post
  /** Is told of what is worth a line in the log. */
  readonly report: (event: DeliveryEvent) => void
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Ends requests. */
  readonly signal: AbortSignal
}

/** Who tells of pulls. */
export interface Pulls {
  /**
   * Sets who is told from now on: those of these who want pulls. To be called again and again, also with the same: those
   * who have ended are told again once the store does not say so any more.
   *
   * @returns when it has looked for that: one operation for each that is new or has ended; never rejects
   */
  follow(receivers: readonly Receiver[]): Promise<void>
  /** Whether anybody is. */
  isWanted(): boolean
  /** Tells of a pull, soon. Takes no time. @param dropped is called for each receiver that is not told */
  tell(pull: Pull, dropped: () => void): void
}

interface Waiting {
  readonly event: EventRecord
  readonly dropped: () => void
}

/** What waits for one receiver. */
const createQueue = ({ store, post, report, signal }: PullsOptions) => {
  const waiting: Waiting[] = []
  let receiver: Receiver | undefined
  let [running, failures] = [0, 0]
  let [paused, ended, isNew] = [false, false, true]

  const dropAll = (): void => {
    for (const { dropped } of waiting.splice(0)) dropped()
  }
  const failed = (after: number | undefined): void => {
    // Requests that were under way at once fail together: that is one pause.
    if (paused) return
    paused = true
    const resume = (): void => {
      paused = false
      start()
    }
    setTimeout(resume, Math.max(backOff(++failures), after ?? 0)).unref()
  }

  const end = async ({ name }: Receiver, why: string, id: string): Promise<void> => {
    ended = true
    dropAll()
    try {
      await store.put(endedKey(name), Buffer.from(why))
      report({ receiver: name, what: 'ended', id, why })
    } catch {
      // Nobody could have it told again.
      ended = false
      failed(undefined)
    }
  }

  const send = async (to: Receiver, { event, dropped }: Waiting): Promise<void> => {
    const outcome = await post(to, event, signal)
    if (outcome.kind === 'delivered') failures = 0
    else dropped()
    if (outcome.kind === 'failed') failed(outcome.after)
    // Another that is in its place by now may go on.
    if (outcome.kind === 'gone' && receiver === to && !ended) await end(to, outcome.why, event.id)
  }
  const run = async (): Promise<void> => {
    for (;;) {
      const to = receiver
      const isOff = paused || ended || signal.aborted
      const next = isOff ? undefined : waiting.shift()
      if (to === undefined || next === undefined) break
      await send(to, next)
    }
    running -= 1
  }
  const start = (): void => {
    while (running < Math.min(PARALLEL, waiting.length)) {
      running += 1
      void run()
    }
  }

  return {
    /** Whom it is for; undefined: nobody any more. */
    set(to: Receiver | undefined): void {
      // Whoever has changed the document means it to be told.
      if (to !== receiver) ended = false
      receiver = to
      if (to === undefined) dropAll()
    },
    /** Finds out whether it has ended, where that may have changed. */
    async look(): Promise<void> {
      const to = receiver
      if (to === undefined || !(isNew || ended)) return
      try {
        const found = await store.head(endedKey(to.name))
        if (receiver !== to) return
        isNew = false
        ended = found !== undefined
        if (ended) dropAll()
      } catch {
        // It is looked for the next time.
      }
    },
    add(next: Waiting): void {
      if (ended || receiver?.wants(next.event) !== true) return
      if (waiting.length >= MOST_WAITING) {
        next.dropped()
        return
      }
      waiting.push(next)
      if (!paused) start()
    },
  }
}

/** Begins with nobody who is told. */
export const createPulls = (options: PullsOptions): Pulls => {
  const queues = new Map<string, ReturnType<typeof createQueue>>()
  let known: readonly Receiver[] = []

  const set = (receivers: readonly Receiver[]): void => {
    const told = new Map(
      receivers.filter(({ hears }) => hears('pull')).map((each) => [each.name, each]),
    )
    for (const [name, queue] of queues) {
      if (told.has(name)) continue
      queue.set(undefined)
      queues.delete(name)
    }
    for (const [name, receiver] of told) {
      const queue = queues.get(name) ?? createQueue(options)
      queues.set(name, queue)
      queue.set(receiver)
    }
  }

  return {
    async follow(receivers) {
      if (receivers !== known) set(receivers)
      known = receivers
      await Promise.all([...queues.values()].map((queue) => queue.look()))
    },

    isWanted: () => queues.size > 0,

    tell({ repository, target, origin: { actor, request } }, dropped) {
      const event = {
        version: 1,
        id: randomUUID(),
        at: options.now(),
        action: 'pull',
        repository,
        target,
        actor,
        request: request && requestOf(request),
      } as EventRecord
      for (const queue of queues.values()) queue.add({ event, dropped })
    },
  }
}
