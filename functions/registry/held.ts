/**
 * What can be pulled: a link and the data that it leads to, looked at in the same step.
 *
 * A link is only written for data that is there. But data may go behind a link's back, by a foreign
 * garbage collector, a lifecycle rule or a hand, and it may be cut. Whoever is told that the
 * registry has content does not send it, so every yes looks at both; then a push repairs.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { ReportDamage } from './damage.ts'
import { dataKey } from './layout.ts'
import { agrees, MAX_AGE, MAX_RECENT, type RecentLink, type RecentLinks } from './links.ts'
import { algorithmOf, CANONICAL, type Digest } from './reference.ts'

/** Milliseconds for which content is doubted: time to push again. */
export const DOUBT = 10 * 60_000

/** Most links that are doubted at once. */
const MAX_DOUBTS = 1000

/** Content that a repository has, and that can be read. */
export interface Held {
  /** Digest the data is under. */
  readonly target: Digest
  /** Bytes of the data. */
  readonly size: number
  /** Whether the link records this size, so that it is the right one. */
  readonly sure: boolean
  /** See `Link`. */
  readonly modified?: Date | undefined
}

export interface Holdings {
  /**
   * What a link of this digest leads to, as it was at most {@link MAX_AGE} ago: at most two
   * operations, in one step where the digest tells the data's key, in two otherwise.
   *
   * @param key of the link
   * @param link what it says, if that is being looked at already
   * @returns undefined when there is no such link, or no data, or data of another size than the link
   *   records
   */
  read(
    key: string,
    digest: Digest,
    link?: Promise<RecentLink | undefined>,
  ): Promise<Held | undefined>
  /** Bytes of the data under a canonical digest; at most one operation. Undefined: there is none. */
  size(target: Digest): Promise<number | undefined>
  /**
   * Notes that a manifest says another size than the data of this link has, and the link records
   * none: one of them is wrong. For {@link DOUBT}, who asks whether the content is there is told no,
   * so that whoever pushes the manifest again sends the content, too. Only in this process.
   */
  doubt(key: string): Promise<void>
  /** Whether it was doubted, and not written since. */
  isDoubted(key: string): Promise<boolean>
  /** Ends the doubt: the link was written, or the manifest was wrong. */
  trust(key: string): void
  /** Does work that puts verified data of this size under its digest, and remembers it. */
  write(target: Digest, size: number, work: () => Promise<unknown>): Promise<void>
}

/**
 * Holdings of a store.
 *
 * @param now clock in milliseconds
 */
export const createHoldings = (
  store: ObjectStore,
  links: RecentLinks,
  now: () => number,
  report: ReportDamage,
): Holdings => {
  const sizes = cached(
    async (target: Digest): Promise<number | undefined> =>
      (await store.head(dataKey(target)))?.size,
    { now, maxAge: MAX_AGE, capacity: MAX_RECENT, atOnce: 2 },
  )

  const doubts = cached(async (_key: string): Promise<true | undefined> => undefined, {
    now,
    maxAge: DOUBT,
    capacity: MAX_DOUBTS,
  })

  return {
    size: sizes.get,
    async doubt(key) {
      await doubts.remember(async () => true, key)
    },
    isDoubted: async (key) => (await doubts.get(key)) ?? false,
    trust: (key) => doubts.forget(key),
    async write(target, size, work) {
      const done = async () => {
        await work()
        return size
      }
      await sizes.remember(done, target)
    },

    async read(key, digest, link = links.read(key)) {
      const canonical = algorithmOf(digest) === CANONICAL
      const [found, early] = await Promise.all([link, canonical ? sizes.get(digest) : undefined])
      if (found === undefined) return undefined
      const { target } = found
      const size = canonical ? early : await sizes.get(target)
      if (size === undefined) {
        report({ key: dataKey(target), why: `is gone, but ${key} leads to it` })
        return undefined
      }
      const sure = found.size !== undefined
      const { modified } = found
      return agrees(key, found, size, report) ? { target, size, sure, modified } : undefined
    },
  }
}
