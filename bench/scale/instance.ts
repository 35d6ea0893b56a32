/**
 * A process of the registry: what it remembers, what its requests share, how it repeats what S3 refuses.
 *
 * @module
 */

import type { Events } from './events.ts'
import type { Access } from './partitions.ts'
import type { Random } from './random.ts'
import type { Remembered } from './recorded.ts'

/** A call to S3, about a key of its own. */
export interface Call {
  readonly key: string
  /** What it is, in words. */
  readonly kind: string
  readonly access: Access
  readonly remembered: Remembered
}

/** How the SDK repeats what S3 throttles, as in @smithy/core 3.41 (`retries-2026-config`). */
export interface Retries {
  readonly attempts: number
  /** Seconds: the most that are waited before the first repetition; then twice as many, and so on. */
  readonly base: number
  readonly most: number
}

/** What a process may spend on repetitions, and what one costs; a success gives back. */
const CAPACITY = 500
const COST = 5

/** Seconds for which links are remembered. */
export const LINK_LIFE = 5

/** Things that are remembered at most. */
const MOST = 20_000

/** What S3 says to a call. */
export type Ask = (call: Call, tried: number) => boolean

export interface World {
  readonly events: Events
  readonly random: Random
  readonly retries: Retries
  /** Asks S3 now. */
  readonly ask: Ask
  /** Seconds that S3 takes for a call. */
  readonly latency: () => number
  /** Whether processes remember anything. */
  readonly remembers: boolean
}

type Done = (worked: boolean) => void

interface Loading {
  underWay: number
  waiting: Done[]
}

export interface Instance {
  /** Makes calls at once. */
  perform(calls: readonly Call[], done: Done): void
}

/** A process that remembers nothing yet. */
export const createInstance = ({
  events,
  random,
  retries,
  ask,
  latency,
  remembers,
}: World): Instance => {
  let capacity = CAPACITY
  const memory = new Map<string, number>()
  const loads = new Map<string, Loading>()

  const remember = ({ key, remembered, access }: Call): void => {
    if (!remembers || (remembered === 'never' && access === 'read')) return
    const life = remembered === 'always' ? Number.POSITIVE_INFINITY : LINK_LIFE
    memory.delete(key)
    memory.set(key, events.now + life)
    if (memory.size > MOST) memory.delete(memory.keys().next().value ?? '')
  }

  const attempt = (call: Call, tried: number, done: Done): void => {
    events.after(latency(), () => {
      if (ask(call, tried)) {
        capacity = Math.min(CAPACITY, capacity + (tried > 0 ? COST : 1))
        remember(call)
        done(true)
        return
      }
      if (tried + 1 >= retries.attempts || capacity < COST) {
        done(false)
        return
      }
      capacity -= COST
      const wait = random() * Math.min(retries.most, retries.base * 2 ** tried)
      events.after(wait, () => attempt(call, tried + 1, done))
    })
  }

  /** At most two loads of a tag at once, and one of what is remembered; who comes meanwhile shares the next. */
  const shared = (call: Call, done: Done): void => {
    const { key, remembered } = call
    const loading = loads.get(key) ?? { underWay: 0, waiting: [] }
    loads.set(key, loading)
    if (loading.underWay >= (remembered === 'never' ? 2 : 1)) {
      loading.waiting.push(done)
      return
    }
    loading.underWay += 1
    attempt(call, 0, (worked) => {
      loading.underWay -= 1
      const waiting = loading.waiting.splice(0)
      if (waiting.length > 0) {
        // Those who wait for what never changes, or may be some seconds old, take what has come.
        const all: Done = (same) => {
          for (const each of waiting) each(same)
        }
        if (remembered === 'never') shared(call, all)
        else all(worked)
      } else if (loading.underWay === 0) loads.delete(key)
      done(worked)
    })
  }

  return {
    perform(calls, done) {
      const missing = calls.filter(({ key, access }) => {
        const until = access === 'read' ? memory.get(key) : undefined
        return until === undefined || until <= events.now
      })
      if (missing.length === 0) {
        done(true)
        return
      }
      let [left, allWorked] = [missing.length, true]
      const one: Done = (worked) => {
        left -= 1
        allWorked &&= worked
        if (left === 0) done(allWorked)
      }
      for (const call of missing) {
        if (call.access === 'read' && remembers) shared(call, one)
        else attempt(call, 0, one)
      }
    },
  }
}
