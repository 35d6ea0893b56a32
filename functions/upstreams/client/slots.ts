/**
 * A cap of what goes on at a time. Time that is waited for a slot is nobody's fault: it counts as no slowness of an
 * upstream. But who waits too long, or behind too many, is told to come again.
 *
 * @module
 */

import { UpstreamError } from './failure.ts'

/**
 * Waits for a slot.
 *
 * @param patience milliseconds after which it is given up
 * @returns a function that gives it back; to call it again does nothing
 * @throws UpstreamError `full`
 */
export type TakeSlot = (patience?: number) => Promise<() => void>

/** Most that wait at a time. */
const MOST = 1_000
/** Milliseconds that clients wait for a slot: what is in front of a server often waits no longer for a response. */
const PATIENCE = 45_000
/** Milliseconds after which it is worth trying again. */
const RETRY_AFTER = 5_000

/** So many slots, first come, first served. @param host for messages @param most that wait at a time */
export const createSlots = (count: number, host: string, most = MOST): TakeSlot => {
  const waiting = new Set<() => void>()
  let free = count
  const full = (why: string): UpstreamError =>
    new UpstreamError('full', `${host} has as many requests as it may have at a time: ${why}`, {
      retryAfter: RETRY_AFTER,
    })
  const release = (): void => {
    const [next] = waiting
    if (next) next()
    else free += 1
  }
  const wait = (patience: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer)
        waiting.delete(go)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(go)
        reject(full(`waited for ${patience} ms`))
      }, patience)
      waiting.add(go)
    })
  return async (patience = PATIENCE) => {
    if (free > 0) free -= 1
    else if (waiting.size >= most) throw full(`${most} wait`)
    else await wait(patience)
    let taken = true
    return () => {
      if (taken) release()
      taken = false
    }
  }
}

/**
 * Slots of one upstream: blobs, which take long, leave some for what is asked quickly.
 *
 * @param count connections in all
 * @param host for messages
 */
export const createKindsOfSlots = (
  count: number,
  host: string,
): { readonly blobs: TakeSlot; readonly others: TakeSlot } => {
  const kept = Math.floor(count / 4)
  if (kept === 0) {
    const all = createSlots(count, host)
    return { blobs: all, others: all }
  }
  return { blobs: createSlots(count - kept, host), others: createSlots(kept, host) }
}
