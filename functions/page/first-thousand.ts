/**
 * The first thousand keys below a prefix, remembered for some seconds: what most repositories have beside their manifests is
 * in one listing, and of what comes after it somebody may ask key by key.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import type { ListedObject, ObjectStore } from '../storage/store.ts'
import type { Calls } from './calls.ts'

/** Milliseconds. */
const MAX_AGE = 10_000
/** Most keys that are remembered; some 300 bytes each. */
const MOST = 20_000

/** What a listing says. */
export interface FirstThousand {
  readonly objects: readonly ListedObject[]
  /** Whether it would have the key, or a key that begins so, if there were one. */
  covers(key: string): boolean
}

/** Lists a prefix; undefined where that would be an operation too many. */
export type ListFirst = (prefix: string, calls: Calls) => Promise<FirstThousand | undefined>

/** @param now clock in milliseconds */
export const listingFirst = (store: ObjectStore, now: () => number): ListFirst => {
  const load = async (prefix: string): Promise<FirstThousand> => {
    const { objects, truncated } = await store.list(prefix)
    const end = objects.at(-1)?.key
    // No character of a key comes after this one.
    return { objects, covers: (key) => !truncated || (end !== undefined && `${key}\x7f` <= end) }
  }
  const listings = cached(load, {
    now,
    maxAge: MAX_AGE,
    capacity: MOST,
    sizeOf: ({ objects }) => Math.max(1, objects.length),
  })
  return async (prefix, calls) => {
    const known = listings.peek(prefix)
    if (known !== undefined) return known
    return calls.take() ? listings.get(prefix) : undefined
  }
}
