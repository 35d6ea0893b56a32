/**
 * Tells receivers of pulls, at best effort: from memory, once, with nothing in the store. What there is no room for, and
 * what a receiver does not take, is dropped and counted. Pulls never wait for it.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Pull } from '../registry/happened.ts'
import { backOff } from './back-off.ts'
import type { Post } from './post.ts'
import type { Receiver } from './receivers.ts'
import { type EventRecord, requestOf } from './record.ts'

/** Pulls that wait for one receiver. */
const MOST_WAITING = 1000
/** Requests to one receiver at once. */
const PARALLEL = 4

export interface PullsOptions {
  readonly post: Post
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Ends requests. */
  readonly signal: AbortSignal
}

/** Who tells of pulls. */
export interface Pulls {
  /** Sets who is told from now on: those of these who want pulls. */
  follow(receivers: readonly Receiver[]): void
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
const createQueue = ({ post, signal }: PullsOptions) => {
  const waiting: Waiting[] = []
  let receiver: Receiver | undefined
  let [running, failures] = [0, 0]
  let paused = false

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

  const send = async (to: Receiver, { event, dropped }: Waiting): Promise<void> => {
    const outcome = await post(to, event, signal)
    if (outcome.kind === 'delivered') failures = 0
    else dropped()
    if (outcome.kind === 'failed') failed(outcome.after)
    if (outcome.kind !== 'gone' || receiver !== to) return
    // Until the document has another in its place.
    receiver = undefined
    dropAll()
  }
  const run = async (): Promise<void> => {
    for (;;) {
      const to = receiver
      const next = paused || to === undefined || signal.aborted ? undefined : waiting.shift()
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
      receiver = to
      if (to === undefined) dropAll()
    },
    add(next: Waiting): void {
      if (receiver?.wants(next.event) !== true) return
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
  return {
    follow(receivers) {
      if (receivers === known) return
      known = receivers
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
