/**
 * Which process fetches a blob from an upstream, where several have one store: whoever creates the claim. It is written anew
 * as long as its owner is at work; one that stays as it is was left by a dead process, and is taken over. Each upstream has
 * its own: nobody waits for what comes slowly from elsewhere, or is never right there.
 *
 * A claim saves requests, and nothing relies on it: two that fetch the same blob both verify it, and write the same.
 *
 * @module
 */

import { createHash, randomUUID } from 'node:crypto'
import { fetchingKey } from '../../registry/layout.ts'
import type { Digest } from '../../registry/reference.ts'
import { tookPlace } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore, WriteCondition } from '../../storage/store.ts'
import { isUpstreamError, UpstreamError } from '../client/failure.ts'

/** Milliseconds between two writes of a claim. */
const RENEWAL = 5_000
/** Milliseconds without a write after which its owner counts as dead. */
const DEAD = 15_000
/** Milliseconds between looks at what another process fetches. */
const LOOK = 500

/** What is fetched. */
export interface Claimed {
  readonly digest: Digest
  /** Scheme and host of the upstream's API. */
  readonly origin: string
}

/** The key of a claim. Where upstreams are is nobody's business who reads keys. */
export const claimKey = ({ digest, origin }: Claimed): string =>
  fetchingKey(digest, createHash('sha256').update(origin).digest('hex').slice(0, 16))

/** A claim that is held. */
export interface Claim {
  /** Gives it up. Never throws. */
  release(): Promise<void>
  /** Stops writing it, for another process to continue. @returns its version; undefined when it is lost */
  leave(): Promise<string | undefined>
}

/** Claims that one process makes for another to hold. */
export interface HandedClaims {
  /** Makes a claim, or takes over a dead one. @returns its version; undefined while somebody fetches */
  offer(wanted: Claimed): Promise<string | undefined>
  /** Holds a claim that was made for this process. @returns undefined when it is somebody else's by now */
  accept(wanted: Claimed, version: string): Promise<Claim | undefined>
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
 * @param enter waits until it can be begun with at once, so that nobody holds a claim who waits; gives what gives that up.
 *   Whoever gets the claim has it still
 * @returns undefined when it has come
 * @throws UpstreamError `away` when nobody is to wait any more; what `isHere` and `enter` throw
 */
export type TakeClaim = (
  wanted: Claimed,
  isHere: () => Promise<boolean>,
  enter: () => Promise<() => void>,
) => Promise<Claim | undefined>

/** Each has a body of its own: versions may be sums of bodies. */
const body = (): Buffer => Buffer.from(JSON.stringify({ version: 1, write: randomUUID() }))

/** Holds a claim that is there, in this version. */
const hold = (store: ObjectStore, key: string, first: string, renewal: number): Claim => {
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
  const leave = async (): Promise<string | undefined> => {
    clearInterval(timer)
    await renewing
    return etag
  }
  return {
    leave,
    async release() {
      const last = await leave()
      if (last !== undefined) await tookPlace(store.deleteIf(key, last)).catch(() => {})
    },
  }
}

/**
 * Makes claims that are handed on: on hosts that stand still between requests, whoever is asked for a blob does not
 * fetch it. By the clocks of server and store, so that nobody has to wait to see that an owner is dead.
 *
 * @param now clock in milliseconds since 1970
 */
export const createHandedClaims = (
  store: ObjectStore,
  now: () => number = Date.now,
  renewal = RENEWAL,
): HandedClaims => ({
  async offer(wanted) {
    const key = claimKey(wanted)
    const created = await putUnlessChanged(store, key, body(), { ifNoneMatch: '*' })
    if (created !== undefined) return created
    const there = await store.head(key)
    if (there === undefined || now() - there.modified.getTime() <= DEAD) return undefined
    return putUnlessChanged(store, key, body(), { ifMatch: there.etag })
  },

  async accept(wanted, version) {
    const key = claimKey(wanted)
    const taken = await putUnlessChanged(store, key, body(), { ifMatch: version })
    return taken === undefined ? undefined : hold(store, key, taken, renewal)
  },
})

/** Makes claims of one process. */
export const createClaims = ({
  store,
  signal,
  wait,
  clock = () => performance.now(),
  renewal = RENEWAL,
}: ClaimsOptions): TakeClaim => {
  /** @returns undefined when somebody else was faster */
  const attempt = async (
    key: string,
    condition: WriteCondition,
    enter: () => Promise<() => void>,
  ): Promise<Claim | undefined> => {
    const leave = await enter()
    let written: string | undefined
    try {
      written = await putUnlessChanged(store, key, body(), condition)
      return written === undefined ? undefined : hold(store, key, written, renewal)
    } finally {
      if (written === undefined) leave()
    }
  }

  return async (wanted, isHere, enter) => {
    const key = claimKey(wanted)
    let condition: WriteCondition | undefined = { ifNoneMatch: '*' }
    let seen: { readonly etag: string; readonly at: number } | undefined
    for (let first = true; ; first = false) {
      if (signal.aborted) {
        throw new UpstreamError('away', `${wanted.digest} is not waited for any more`)
      }
      const began = clock()
      let claim: Claim | undefined
      try {
        claim = condition && (await attempt(key, condition, enter))
      } catch (error) {
        // Who cannot begin may wait for somebody else, who has: that takes no connection.
        const isDead = condition !== undefined && 'ifMatch' in condition
        if (isDead || !isUpstreamError(error, 'full')) throw error
        if (!(await isHere()) && (await store.head(key)) === undefined) throw error
      }
      if (claim !== undefined) {
        try {
          const atOnce = first && clock() - began < LOOK
          // Whoever had it may have been done in between, or while it was waited to begin.
          if (atOnce || !(await isHere())) return claim
        } catch (error) {
          // Nobody would ever give it up.
          await claim.release()
          throw error
        }
        await claim.release()
        return undefined
      }
      const there = await store.head(key)
      if (await isHere()) return undefined
      condition = undefined
      if (there === undefined) condition = { ifNoneMatch: '*' }
      else if (there.etag !== seen?.etag) seen = { etag: there.etag, at: clock() }
      else if (clock() - seen.at > DEAD) condition = { ifMatch: there.etag }
      await wait(LOOK)
    }
  }
}
