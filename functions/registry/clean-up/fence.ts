/**
 * The fence: an object that says that a clean-up may run on this store. Whoever writes the store looks for
 * it; where it is, links are written by the protocol of standing.ts. A clean-up runs only where the fence has
 * been for {@link FENCE_AGE}, so that by then all writers have seen it.
 *
 * It is raised by an instance that is told to. An instance that is not told to still heeds one that is there:
 * so no instance of this version writes without the protocol beside a clean-up, however it was set.
 *
 * @module
 */

import { cached } from '../../shared/cached.ts'
import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { FENCE_KEY } from '../layout.ts'
import { MIN_GRACE } from './bounds.ts'

/** Milliseconds after which an instance looks again whether there is a fence. */
const LOOK_AGAIN = 10 * 60_000

/**
 * Milliseconds that a fence must have been there: instances look again, what they began before ends, and
 * what they sent lands.
 */
export const FENCE_AGE = MIN_GRACE

const BODY = Buffer.from('{"protocol":1}\n')

/** Since when there is a fence, by the store's clock; undefined: there is none. One operation. */
export const fenceSince = async (store: ObjectStore): Promise<Date | undefined> =>
  (await store.head(FENCE_KEY))?.modified

/** Raises the fence, unless it is there: then its age stays. */
export const raiseFence = async (store: ObjectStore): Promise<void> => {
  if ((await fenceSince(store)) !== undefined) return
  await tookPlace(store.put(FENCE_KEY, BODY, { condition: { ifNoneMatch: '*' } }))
}

/** Says whether links have to be written by the protocol. */
export type Follows = () => Promise<boolean>

/**
 * For an instance that raises the fence: always. One or two operations, once.
 *
 * @param failed is told that the fence could not be raised; then it is tried again, and no clean-up runs
 *   unless another instance has raised it
 */
export const raisingFence = (store: ObjectStore, failed: (error: unknown) => void): Follows => {
  let raised: Promise<void> | undefined
  return async () => {
    raised ??= raiseFence(store).catch((error: unknown) => {
      raised = undefined
      failed(error)
    })
    await raised
    return true
  }
}

/**
 * For any other: where there is a fence. One operation in {@link LOOK_AGAIN}, and only for writers.
 *
 * @param now clock in milliseconds
 * @returns a function that throws StoreError when the store does not say
 */
export const heedingFence = (store: ObjectStore, now: () => number): Follows => {
  const seen = cached(async () => (await fenceSince(store)) !== undefined, {
    now,
    maxAge: LOOK_AGAIN,
    stale: LOOK_AGAIN,
  })
  return () => seen.get()
}
