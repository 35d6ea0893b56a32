/**
 * Which repositories go, where those of an upstream have more bytes than the document lets them: those that were last
 * pulled longest ago, whole, until the rest is within the bound.
 *
 * The clean-up takes them by rules, so all that keeps others from going too early holds for them, too: what is young
 * stays, as what is being fetched is, and what was pulled since.
 *
 * @module
 */

import type { Evicted } from '../../registry/clean-up/evicted.ts'
import { fetchedMarkKey, fetchedOf, fetchedPrefix } from '../../registry/layout.ts'
import { createPullReader, type ReadPulls } from '../../registry/pulls/read.ts'
import type { Rule } from '../../registry/retention/retention.ts'
import { tagLinks } from '../../registry/tag-links.ts'
import { readUsage, UsageChanged } from '../../registry/usage/usage.ts'
import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Upstream } from '../parse.ts'
import { routing } from '../route.ts'

/** Milliseconds: what was used so recently stays, whatever the bound. Pulls are recorded to the day. */
const FRESH = 24 * 60 * 60_000

/** Repositories looked at at once. */
const AT_ONCE = 16

interface Cached {
  readonly name: string
  /** Those that others have, too, count for each. */
  readonly bytes: number
}

/** The repositories of upstreams with a bound, as the last clean-up counted them. */
const countCached = async (
  store: ObjectStore,
  upstreams: readonly Upstream[],
): Promise<ReadonlyMap<Upstream, readonly Cached[]>> => {
  const routeOf = routing(upstreams)
  const found = new Map<Upstream, Cached[]>()
  const usage = await readUsage(store)
  for await (const { name, own, shared } of usage?.repositories() ?? []) {
    const route = routeOf(name)
    if (typeof route !== 'object' || route.local !== name) continue
    const { upstream } = route
    if (upstream.size === undefined) continue
    found.set(upstream, [...(found.get(upstream) ?? []), { name, bytes: own + shared }])
  }
  return found
}

/** Whether all of a repository can be fetched anew: see mark.ts. */
const isCopy = async (store: ObjectStore, name: string): Promise<boolean> => {
  if ((await store.head(fetchedMarkKey(name))) === undefined) return false
  const fetched = new Set<string>()
  for await (const page of listPages(store, fetchedPrefix(name))) {
    for (const { key } of page) fetched.add(fetchedOf(key)?.tag ?? '')
  }
  for await (const page of tagLinks(store, name)) {
    if (page.some(({ tag }) => !fetched.has(tag))) return false
  }
  return true
}

/** Some repositories of an upstream, and when each was last used; undefined: nobody knows of pulls. */
const byUse = async (readPulls: ReadPulls, all: readonly Cached[]) => {
  const used = await inBatches(
    all,
    async (each) => {
      const { since, last } = await readPulls(each.name)
      return { ...each, since, used: Math.max(since ?? 0, ...last.values()) }
    },
    AT_ONCE,
  )
  if (used.some(({ since }) => since === undefined)) return undefined
  return used.sort((a, b) => a.used - b.used || (a.name < b.name ? -1 : 1))
}

const rulesFor = ({ name }: Upstream, gone: ReadonlySet<string>): readonly Rule[] => {
  const rule = {
    name: `(size of upstream ${name})`,
    repositories: (repository: string) => gone.has(repository),
    deed: { remove: { notPulledFor: FRESH } },
    allTags: false,
    // It can be had again.
    evenImmutable: true,
  } as const
  return [
    { ...rule, tags: () => true },
    { ...rule, tags: undefined },
  ]
}

/**
 * Finds what is to go. Where nothing has too much, one operation for each 10,000 repositories; otherwise a listing for
 * each repository of that upstream, too, and three for each that goes.
 *
 * @param date milliseconds, by the clock of the store
 */
export const findEvicted = async (
  store: ObjectStore,
  upstreams: readonly Upstream[],
  date: number,
): Promise<Evicted> => {
  const names = new Set<string>()
  const [rules, notes]: [Rule[], string[]] = [[], []]
  if (upstreams.every(({ size }) => size === undefined)) return { names, rules, notes }
  const readPulls = createPullReader(store, date)
  try {
    for (const [upstream, cached] of await countCached(store, upstreams)) {
      let total = cached.reduce((sum, { bytes }) => sum + bytes, 0)
      const most = upstream.size ?? Number.POSITIVE_INFINITY
      if (total <= most) continue
      const all = await byUse(readPulls, cached)
      if (all === undefined) {
        notes.push(`upstream ${upstream.name} has too much, but pulls are not recorded: --pulls on`)
        continue
      }
      const gone = new Set<string>()
      for (const { name, bytes, used } of all) {
        if (total <= most || used > date - FRESH) break
        if (!(await isCopy(store, name))) continue
        total -= bytes
        gone.add(name)
        names.add(name)
      }
      if (total > most) {
        notes.push(
          `upstream ${upstream.name} has too much: what is left was pulled within two days, or was here before`,
        )
      }
      if (gone.size > 0) rules.push(...rulesFor(upstream, gone))
    }
  } catch (error) {
    // It was counted anew meanwhile: the next run goes by that.
    if (!(error instanceof UsageChanged)) throw error
  }
  return { names, rules, notes }
}
