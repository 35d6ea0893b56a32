/**
 * The fence: an object that says that a clean-up may run on this store. Whoever writes the store looks for
 * it; where it is, links are written by the protocol of standing.ts. A clean-up runs only where the fence has
 * been for {@link FENCE_AGE}, so that by then all writers have seen it.
 *
 * It is raised by an instance that is told to. A server that is not told to still heeds one that is there: it
 * looks at its start, and every ten minutes. A Lambda function does nothing beside requests, and goes by what it
 * is told alone: all functions of a stack are told the same, and replaced together.
 *
 * @module
 */

import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { FENCE_KEY } from '../layout.ts'
import { MIN_GRACE } from './bounds.ts'

/** Milliseconds after which an instance looks again whether there is a fence. */
export const LOOK_AGAIN = 10 * 60_000

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

/**
 * Writes the fence again over the version that was read. It is never taken away for it: writers would no longer follow
 * the protocol. Its age begins anew, so that a clean-up waits. One operation.
 *
 * @returns false when it has changed or gone
 */
export const raiseAnew = (store: ObjectStore, etag: string): Promise<boolean> =>
  tookPlace(store.put(FENCE_KEY, BODY, { condition: { ifMatch: etag } }))

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

/** An instance that follows once it has seen a fence. */
export interface Heeding {
  readonly follows: Follows
  /** Looks whether there is a fence; one operation. @throws StoreError when the store does not say */
  look(): Promise<void>
}

/**
 * For any other: once it has looked, and there was a fence. Whoever opens it has it look at its start, and
 * then every {@link LOOK_AGAIN}, beside all requests.
 */
export const heedingFence = (store: ObjectStore): Heeding => {
  let seen = false
  return {
    follows: async () => seen,
    async look() {
      seen = (await fenceSince(store)) !== undefined
    },
  }
}
