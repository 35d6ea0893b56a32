/**
 * A cap of what goes on at a time. Time that is waited for a slot is nobody's fault: it counts as no slowness of an
 * upstream.
 *
 * @module
 */

/** Waits for a slot. @returns a function that gives it back; to call it again does nothing */
export type TakeSlot = () => Promise<() => void>

/** So many slots, first come, first served. */
export const createSlots = (count: number): TakeSlot => {
  const waiting: (() => void)[] = []
  let free = count
  const release = (): void => {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
  return async () => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
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
 */
export const createKindsOfSlots = (
  count: number,
): { readonly blobs: TakeSlot; readonly others: TakeSlot } => {
  const kept = Math.floor(count / 4)
  if (kept === 0) {
    const all = createSlots(count)
    return { blobs: all, others: all }
  }
  return { blobs: createSlots(count - kept), others: createSlots(kept) }
}
