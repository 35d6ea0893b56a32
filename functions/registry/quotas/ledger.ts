/**
 * The counts of quotas in the store, changed by conditional writes. What many pushes of this process add at once is
 * one write; what other processes add meanwhile refuses it, and it is done again.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { discard, readAll } from '../../storage/bytes.ts'
import { StoreError } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { quotaKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import { claimOf } from './claims.ts'
import { formatCount, parseCount } from './count-format.ts'
import { bytesIn, type Count, type Counted, lowered, NOTHING, raised } from './counter.ts'
import { createLandings } from './landings.ts'
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
  readonly change: (count: Count) => { readonly count: Count; readonly added: number }
  readonly settle: PromiseWithResolvers<void>
}

/** An image: what a push links, and a delete takes away. */
export interface Image {
  readonly repository: string
  readonly manifest: Digest
}

/** The counts of a store, and what this process knows of them. */
export interface Ledger {
  /**
   * Counts what is about to be linked, before it is. One conditional write, and a read where this process does not
   * know the count; none where all of it is noted already.
   *
   * @returns a function to be called when all of the image is linked and tagged
   * @throws RegistryError QUOTA_EXCEEDED where the hard limit would be passed; StoreError
   */
  raise(quota: Quota, image: Image, things: readonly Counted[]): Promise<() => void>
  /**
   * Begins a delete of an image, before anything of it is read.
   *
   * @returns a function that takes off what nothing else is known to need, once the image and its tags are gone: one
   *   conditional write, or one read where nothing may be taken off. It throws StoreError
   */
  leave(quota: Quota, image: Image): () => Promise<void>
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
  const landings = createLandings(store, () => randomBytes(6).toString('base64url'))
  const known = new Map<string, StoredCount & { readonly at: number }>()
  const queues = new Map<string, Waiting[]>()

  /** How often a write of each count has begun or ended. */
  const writes = new Map<string, number>()
  const noteWrite = (id: string): void => {
    writes.set(id, (writes.get(id) ?? 0) + 1)
    known.delete(id)
  }

  const read = async (id: string): Promise<StoredCount> => {
    const [at, before] = [now(), writes.get(id)]
    const stored = await readCount(store, id)
    // It may be older than what was written meanwhile, and have what a delete has taken off.
    if (writes.get(id) === before) known.set(id, { ...stored, at })
    return stored
  }

  /** Tells of the soft limit, if it is passed. */
  const passingSoft = async (waiting: readonly Waiting[], before: number, after: number) => {
    const [first] = waiting
    const soft = first?.quota.soft
    if (soft === undefined || before > soft || after <= soft) return undefined
    return softLimit?.(first!.quota, after, first!.repository)
  }

  const write = async (id: string, count: Count, over: string | undefined) => {
    try {
      return await writeCount(store, id, count, over)
    } catch (error) {
      // It may still land, if nobody changes the count before: so nothing counts as noted that this process has noted.
      landings.renew()
      throw error
    } finally {
      noteWrite(id)
    }
  }

  /** Changes a count for all who wait by now. @returns false when it has changed meanwhile */
  const attempt = async (id: string, waiting: readonly Waiting[]): Promise<boolean> => {
    const remembered = known.get(id)
    const from = remembered ?? (await read(id))
    let { count } = from
    const [passed, raising]: [Waiting[], Waiting[]] = [[], []]
    const refused: (() => void)[] = []
    for (const each of waiting) {
      const { quota, repository, change, settle } = each
      const next = change(count)
      const bytes = bytesIn(next.count)
      if (quota.hard !== undefined && next.added > 0 && bytes > quota.hard) {
        const used = bytesIn(count)
        refused.push(() => settle.reject(exceeded(quota, repository, used, next.added)))
        continue
      }
      count = next.count
      passed.push(each)
      if (next.added > 0) raising.push(each)
    }
    if (refused.length > 0 && remembered !== undefined) {
      // What is remembered may be too high by now.
      known.delete(id)
      return false
    }
    if (count !== from.count) {
      noteWrite(id)
      const passing = await passingSoft(raising, bytesIn(from.count), bytesIn(count))
      const written = await write(id, count, from.etag)
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

  const changing = (
    quota: Quota,
    { repository }: Image,
    change: Waiting['change'],
  ): Promise<void> => {
    const settle = Promise.withResolvers<void>()
    const waiting = { quota, repository, change, settle }
    const queue = queues.get(quota.id)
    if (queue !== undefined) queue.push(waiting)
    else {
      const begun = [waiting]
      queues.set(quota.id, begun)
      void drain(quota.id, begun)
    }
    return settle.promise
  }
  const idOf = ({ repository, manifest }: Image): string => claimOf(repository, manifest)

  return {
    async raise(quota, image, things) {
      const id = idOf(image)
      const { writer, landed } = landings.begin(id)
      try {
        await changing(quota, image, (count) =>
          raised(count, things, { id, writer: writer() }, now()),
        )
      } catch (error) {
        // It links nothing then.
        landed()
        throw error
      }
      return landed
    },

    leave(quota, image) {
      const [id, began] = [idOf(image), now()]
      const writer = landings.watch(id)
      return async () => {
        // What this process remembers may lack what another has noted.
        if (!known.get(quota.id)?.count.claims.has(id)) await read(quota.id)
        await changing(quota, image, (count) => ({
          count: lowered(count, { id, began, writer: writer() }),
          added: 0,
        }))
      }
    },

    async bytes({ id }, maxAge) {
      const stored = known.get(id)
      const young = stored !== undefined && stored.at + maxAge > now()
      return bytesIn((young ? stored : await read(id)).count)
    },
  }
}
