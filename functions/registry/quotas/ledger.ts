/**
 * The counts of quotas in the store, changed by conditional writes. What many pushes of this process add at once is
 * one write; what other processes add meanwhile refuses it, and it is done again.
 *
 * @module
 */

import { discard, readAll } from '../../storage/bytes.ts'
import { StoreError } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { quotaKey } from '../layout.ts'
import {
  bytesIn,
  type Count,
  type Counted,
  formatCount,
  NOTHING,
  parseCount,
  raised,
} from './counter.ts'
import type { Quota, SoftLimit } from './quotas.ts'
import { exceeded } from './refusals.ts'

/** Most bytes of a count. */
const MAX_BYTES = 1024 * 1024

/** How often a change is tried while others change the count. */
const ATTEMPTS = 100

/** Most milliseconds between two attempts; the first ones come sooner. */
const PAUSE = 200

/** A count as it is in the store. */
export interface StoredCount {
  readonly count: Count
  /** Undefined: there is none yet. */
  readonly etag: string | undefined
}

/** Reads a count; one operation. @throws Error when it is damaged */
export const readCount = async (store: ObjectStore, id: string): Promise<StoredCount> => {
  const read = await store.get(quotaKey(id))
  if (read === undefined) return { count: NOTHING, etag: undefined }
  const { size, etag } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    throw new Error(`${quotaKey(id)} has ${size} bytes, at most ${MAX_BYTES} are expected`)
  }
  return { count: parseCount(await readAll(read.body, MAX_BYTES)), etag }
}

/** Writes a count over the one that was read. @returns undefined when that has changed */
export const writeCount = async (
  store: ObjectStore,
  id: string,
  count: Count,
  over: string | undefined,
): Promise<StoredCount | undefined> => {
  const condition = over === undefined ? ({ ifNoneMatch: '*' } as const) : { ifMatch: over }
  const etag = await putUnlessChanged(store, quotaKey(id), formatCount(count), condition)
  return etag === undefined ? undefined : { count, etag }
}

/** How long to wait after so many refused attempts, in milliseconds. */
export const pauseAfter = (attempt: number): number =>
  Math.random() * Math.min(PAUSE, 10 * 2 ** attempt)

/** Somebody who waits for a change. */
interface Waiting {
  readonly quota: Quota
  readonly repository: string
  readonly things: readonly Counted[]
  readonly settle: PromiseWithResolvers<void>
}

/** The counts of a store, and what this process knows of them. */
export interface Ledger {
  /**
   * Counts what is about to be linked, before it is. One conditional write, and a read where this process does not
   * know the count; none where all of it is noted already.
   *
   * @throws RegistryError QUOTA_EXCEEDED where the hard limit would be passed; StoreError
   */
  raise(quota: Quota, repository: string, things: readonly Counted[]): Promise<void>
  /** Bytes of a count as they were at most so many milliseconds ago; at most one operation. */
  bytes(quota: Quota, maxAge: number): Promise<number>
}

export interface LedgerOptions {
  readonly store: ObjectStore
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  readonly wait: (milliseconds: number) => Promise<unknown>
  /** Default: nobody is told. */
  readonly softLimit?: SoftLimit | undefined
}

/** Opens the counts of a store. */
export const createLedger = ({ store, now, wait, softLimit }: LedgerOptions): Ledger => {
  const known = new Map<string, StoredCount & { readonly at: number }>()
  const queues = new Map<string, Waiting[]>()

  const read = async (id: string): Promise<StoredCount> => {
    const at = now()
    const stored = await readCount(store, id)
    known.set(id, { ...stored, at })
    return stored
  }

  /** Tells of the soft limit, if it is passed. */
  const passingSoft = async (waiting: readonly Waiting[], before: number, after: number) => {
    const [first] = waiting
    const soft = first?.quota.soft
    if (soft === undefined || before > soft || after <= soft) return undefined
    return softLimit?.(first!.quota, after, first!.repository)
  }

  /** Changes a count for all who wait by now. @returns false when it has changed meanwhile */
  const attempt = async (id: string, waiting: readonly Waiting[]): Promise<boolean> => {
    const remembered = known.get(id)
    const from = remembered ?? (await read(id))
    let { count } = from
    const [passed, refused]: [Waiting[], (() => void)[]] = [[], []]
    for (const each of waiting) {
      const { quota, repository, things, settle } = each
      const next = raised(count, things, now())
      const bytes = bytesIn(next.count)
      if (quota.hard !== undefined && next.added > 0 && bytes > quota.hard) {
        const used = bytesIn(count)
        refused.push(() => settle.reject(exceeded(quota, repository, used, next.added)))
        continue
      }
      count = next.count
      passed.push(each)
    }
    if (refused.length > 0 && remembered !== undefined) {
      // What is remembered may be too high by now.
      known.delete(id)
      return false
    }
    if (count !== from.count) {
      known.delete(id)
      const passing = await passingSoft(passed, bytesIn(from.count), bytesIn(count))
      const written = await writeCount(store, id, count, from.etag)
      if (written === undefined) {
        await passing?.withdraw()
        return false
      }
      known.set(id, { ...written, at: now() })
      passing?.done()
    }
    for (const { settle } of passed) settle.resolve()
    for (const refuse of refused) refuse()
    return true
  }

  const drain = async (id: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) {
      const waiting = [...queue]
      try {
        for (let tried = 1; !(await attempt(id, waiting)); tried++) {
          if (tried === ATTEMPTS)
            throw new StoreError('unavailable', `${quotaKey(id)} keeps changing`)
          if (tried > 1) await wait(pauseAfter(tried))
        }
      } catch (error) {
        for (const { settle } of waiting) settle.reject(error)
      }
      queue.splice(0, waiting.length)
    }
    queues.delete(id)
  }

  return {
    raise(quota, repository, things) {
      const settle = Promise.withResolvers<void>()
      const waiting = { quota, repository, things, settle }
      const queue = queues.get(quota.id)
      if (queue !== undefined) queue.push(waiting)
      else {
        const begun = [waiting]
        queues.set(quota.id, begun)
        void drain(quota.id, begun)
      }
      return settle.promise
    },

    async bytes({ id }, maxAge) {
      const stored = known.get(id)
      const young = stored !== undefined && stored.at + maxAge > now()
      return bytesIn((young ? stored : await read(id)).count)
    },
  }
}
