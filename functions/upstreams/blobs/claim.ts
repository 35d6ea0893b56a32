/**
 * Which process fetches a blob, where several have one store: whoever creates the claim. It is written anew as long as its
 * owner is at work; one that stays as it is was left by a dead process, and is taken over.
 *
 * A claim saves requests, and nothing relies on it: two that fetch the same blob both verify it, and write the same.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { fetchingKey } from '../../registry/layout.ts'
import type { Digest } from '../../registry/reference.ts'
import { tookPlace } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { UpstreamError } from '../client/failure.ts'

/** Milliseconds between two writes of a claim. */
const RENEWAL = 5_000
/** Milliseconds without a write after which its owner counts as dead. */
const DEAD = 15_000
/** Milliseconds between looks at what another process fetches. */
const LOOK = 500

/** A claim that is held. */
export interface Claim {
  /** Gives it up. Never throws. */
  release(): Promise<void>
}

export interface ClaimsOptions {
  readonly store: ObjectStore
  /** Says that nobody is to wait any more. */
  readonly signal: AbortSignal
  /** Waits for some milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
  /** Clock in milliseconds that is never set back. */
  readonly clock?: () => number
  /** See {@link RENEWAL}. */
  readonly renewal?: number
}

/**
 * Waits until this process may fetch a blob.
 *
 * @param isHere whether it has come meanwhile
 * @returns undefined when it has
 * @throws UpstreamError `away` when nobody is to wait any more
 */
export type TakeClaim = (
  digest: Digest,
  isHere: () => Promise<boolean>,
) => Promise<Claim | undefined>

/** Makes claims of one process. */
export const createClaims = ({
  store,
  signal,
  wait,
  clock = () => performance.now(),
  renewal = RENEWAL,
}: ClaimsOptions): TakeClaim => {
  /** Each has a body of its own: versions may be sums of bodies. */
  const body = (): Buffer => Buffer.from(JSON.stringify({ version: 1, write: randomUUID() }))

  const hold = (key: string, first: string): Claim => {
    let etag: string | undefined = first
    let renewing: Promise<void> = Promise.resolve()
    const renew = async (): Promise<void> => {
      if (etag === undefined) return
      // Taken over: whoever has it now fetches, too.
      etag = await putUnlessChanged(store, key, body(), { ifMatch: etag }).catch(() => etag)
    }
    const timer = setInterval(() => {
      renewing = renewing.then(renew)
    }, renewal)
    timer.unref()
    return {
      async release() {
        clearInterval(timer)
        await renewing
        if (etag !== undefined) await tookPlace(store.deleteIf(key, etag)).catch(() => {})
      },
    }
  }

  return async (digest, isHere) => {
    const key = fetchingKey(digest)
    let seen: { readonly etag: string; readonly at: number } | undefined
    for (;;) {
      if (signal.aborted) throw new UpstreamError('away', `${digest} is not waited for any more`)
      const created = await putUnlessChanged(store, key, body(), { ifNoneMatch: '*' })
      if (created !== undefined) {
        // Whoever had it may have been done in between.
        const claim = hold(key, created)
        if (seen === undefined || !(await isHere())) return claim
        await claim.release()
        return undefined
      }
      const there = await store.head(key)
      if (there !== undefined && there.etag === seen?.etag && clock() - seen.at > DEAD) {
        const taken = await putUnlessChanged(store, key, body(), { ifMatch: there.etag })
        if (taken !== undefined) return hold(key, taken)
      }
      if (there !== undefined && there.etag !== seen?.etag) seen = { etag: there.etag, at: clock() }
      if (await isHere()) return undefined
      await wait(LOOK)
    }
  }
}
