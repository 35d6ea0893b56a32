/**
 * Bytes of repositories as the last clean-up counted them, remembered for a while.
 *
 * @module
 */

import { readUsage } from '../registry/usage/usage.ts'
import { cached } from '../shared/cached.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Milliseconds. */
const MAX_AGE = 60_000

/** Bytes by repository; of those that were counted. */
export type Sizes = () => Promise<ReadonlyMap<string, number>>

const read = async (store: ObjectStore): Promise<ReadonlyMap<string, number>> => {
  const sizes = new Map<string, number>()
  try {
    const usage = await readUsage(store)
    if (usage === undefined) return sizes
    for await (const { name, own, shared } of usage.repositories()) sizes.set(name, own + shared)
  } catch {
    // It is counted anew at this moment: nothing depends on it.
  }
  return sizes
}

/** An operation a minute, and one for each 10,000 repositories. */
export const createSizes = (store: ObjectStore, now: () => number): Sizes => {
  const sizes = cached(() => read(store), { now, maxAge: MAX_AGE })
  return () => sizes.get()
}
