/**
 * A cap of what goes on at a time. Time that is waited for a slot is nobody's fault: it counts as no slowness of an
 * upstream. But who waits too long, or behind too many, is told to come again.
 *
 * Registries that are each other's upstreams may have all slots taken by requests that wait for a slot of the other. So
 * requests that have come through others have some that nobody else gets, for each number of those: whoever has one
 * waits for those alone that have come farther, and the way has an end.
 *
 * @module
 */

import { UpstreamError } from './failure.ts'

/**
 * Waits for a slot.
 *
 * @param hops registries of this kind that the request has come through, this one included; see `via.ts`
 * @param patience milliseconds after which it is given up
 * @returns a function that gives it back; to call it again does nothing
 * @throws UpstreamError `full`
 */
export type TakeSlot = (hops: number, patience?: number) => Promise<() => void>

/** Most that wait at a time. */
const MOST = 1_000
/** Milliseconds that clients wait for a slot: what is in front of a server often waits no longer for a response. */
const PATIENCE = 45_000
/** Milliseconds after which it is worth trying again. */
const RETRY_AFTER = 5_000

/** Who waits, and is given what gives the slot back. */
interface Waiting {
  readonly hops: number
  go(release: () => void): void
}

/** So many slots, first come, first served. @param host for messages @param most that wait at a time */
export const createSlots = (count: number, host: string, most = MOST): TakeSlot => {
  const waiting = new Set<Waiting>()
  const kept = Math.ceil(count / 4)
  let free = count
  /** Of those that are kept for requests which have come so far. */
  const taken = new Map<number, number>()
  const full = (why: string): UpstreamError =>
    new UpstreamError('full', `${host} has as many requests as it may have at a time: ${why}`, {
      retryAfter: RETRY_AFTER,
    })
  const release = (): void => {
    const [next] = waiting
    if (next) next.go(release)
    else free += 1
  }
  const change = (hops: number, by: number): void => {
    taken.set(hops, (taken.get(hops) ?? 0) + by)
  }
  /** Gives back one that is kept for requests which have come so far. */
  const leave = (hops: number): void => {
    const next = [...waiting].find((each) => each.hops === hops)
    if (next) next.go(() => leave(hops))
    else change(hops, -1)
  }
  /** Takes one that is free. */
  const find = (hops: number): (() => void) | undefined => {
    if (free > 0) {
      free -= 1
      return release
    }
    if (hops === 1 || (taken.get(hops) ?? 0) >= kept) return undefined
    change(hops, 1)
    return () => leave(hops)
  }
  const wait = (hops: number, patience: number): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const own: Waiting = {
        hops,
        go(given) {
          clearTimeout(timer)
          waiting.delete(own)
          resolve(given)
        },
      }
      const timer = setTimeout(() => {
        waiting.delete(own)
        reject(full(`waited for ${patience} ms`))
      }, patience)
      waiting.add(own)
    })
  return async (hops, patience = PATIENCE) => {
    const found = find(hops)
    if (found === undefined && waiting.size >= most) throw full(`${most} wait`)
    const giveBack = found ?? (await wait(hops, patience))
    let has = true
    return () => {
      if (has) giveBack()
      has = false
    }
  }
}

/** Slots of which only some can be had: of each kind one is taken. */
const someOf =
  (some: TakeSlot, all: TakeSlot): TakeSlot =>
  async (hops, patience = PATIENCE) => {
    const until = performance.now() + patience
    const own = await some(hops, patience)
    try {
      const giveBack = await all(hops, Math.max(Math.round(until - performance.now()), 1))
      return () => {
        giveBack()
        own()
      }
    } catch (error) {
      own()
      throw error
    }
  }

/** Slots of one upstream. */
export interface KindsOfSlots {
  readonly blobs: TakeSlot
  /** Of what is pushed to it: some of those of blobs. */
  readonly pushes: TakeSlot
  readonly others: TakeSlot
}

/**
 * Slots of one upstream: blobs, which take long, leave some for what is asked quickly; and what is pushed, for which an
 * upstream has longest, half of theirs to pulls.
 *
 * @param count connections in all
 * @param host for messages
 */
export const createKindsOfSlots = (count: number, host: string): KindsOfSlots => {
  const kept = Math.floor(count / 4)
  const blobs = createSlots(count - kept, host)
  const half = createSlots(Math.max(Math.floor((count - kept) / 2), 1), host)
  const pushes = someOf(half, blobs)
  return { blobs, pushes, others: kept === 0 ? blobs : createSlots(kept, host) }
}
