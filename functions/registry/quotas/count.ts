/**
 * Counts the bytes of quotas while the clean-up walks the pool: each blob and manifest once a quota.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { isCounted, type NumberedLink, repositoryIn } from '../usage/tally.ts'
import { notedAs, shortOf } from './counter.ts'
import { NO_QUOTAS, type Quota, type Quotas } from './quotas.ts'

/**
 * Most blobs of a quota that a walk leaves out although they are linked: the largest. A smaller one counts, needed or
 * not.
 */
const MOST = 1000

/** What was found of a quota. */
interface Sum {
  bytes: number
  /** Size and first digits of what is left out. */
  except: [size: number, short: string][]
  /** What was counted of what was noted when the walk came to it. */
  seen: string[]
}

/** What a walk has found of a quota. */
export interface Found {
  readonly quota: Quota
  readonly bytes: number
  /** See `Walked.except`. */
  readonly except: string
  /** What was counted of what had been noted since the last walk. */
  readonly seen: ReadonlySet<string>
}

/** The bytes of quotas as far as they are counted. */
export interface QuotaCount {
  /**
   * Says which repositories there are, by their number, before anything is added.
   *
   * @param notedFor what was noted of a quota since the last walk, by `notedAs`
   */
  begin(
    names: AsyncIterable<Uint8Array>,
    notedFor: (quota: Quota) => Promise<readonly string[]>,
  ): Promise<void>
  /** Counts data. @param links of all repositories that link it, one each */
  add(size: number, hex: string, links: readonly NumberedLink[]): void
  found(): readonly Found[]
  /** All of it, to open it again; undefined where no quota is set. */
  bytes(): Uint8Array | undefined
}

/** Drops all but the largest; their bytes count. */
const bounded = (sum: Sum, most: number): void => {
  if (sum.except.length <= most) return
  sum.except.sort(([a], [b]) => b - a)
  for (const [size] of sum.except.splice(MOST)) sum.bytes += size
}

/** Opens a count. @param from what an earlier one gave as its bytes */
export const openQuotaCount = ({ all, of }: Quotas = NO_QUOTAS, from?: Uint8Array): QuotaCount => {
  const sums: readonly Sum[] =
    from === undefined
      ? all.map(() => ({ bytes: 0, except: [], seen: [] }))
      : JSON.parse(Buffer.from(from).toString())
  const places = new Map(all.map((quota, at) => [quota, at]))
  /** Which quota each repository counts in. */
  const quotaOf: (number | undefined)[] = []
  let noted: readonly ReadonlySet<string>[] = []
  return {
    async begin(names, notedFor) {
      if (all.length === 0) return
      quotaOf.length = 0
      for await (const name of names) {
        const quota = of(Buffer.from(name).toString())
        quotaOf.push(quota && places.get(quota))
      }
      noted = await inBatches(all, async (quota) => new Set(await notedFor(quota)))
    },

    add(size, hex, links) {
      if (all.length === 0) return
      const counted = new Map<number, boolean>()
      for (const link of links) {
        const quota = quotaOf[repositoryIn(link)]
        if (quota !== undefined) counted.set(quota, counted.get(quota) || isCounted(link))
      }
      for (const [quota, isIn] of counted) {
        const sum = sums[quota]!
        if (isIn) {
          sum.bytes += size
          if (noted[quota]?.has(notedAs(hex))) sum.seen.push(notedAs(hex))
        } else {
          sum.except.push([size, shortOf(hex)])
          bounded(sum, 2 * MOST)
        }
      }
    },

    found: () =>
      all.map((quota, at) => {
        const sum = sums[at]!
        bounded(sum, MOST)
        const except = sum.except.map(([, short]) => short).join('')
        return { quota, bytes: sum.bytes, except, seen: new Set(sum.seen) }
      }),

    bytes: () => (all.length === 0 ? undefined : Buffer.from(JSON.stringify(sums))),
  }
}
