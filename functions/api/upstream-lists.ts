/**
 * Lists of a repository that comes from an upstream: what is here, and what is there.
 *
 * @module
 */

import type { Digest } from '../registry/reference.ts'
import type { ReferrerPage } from '../registry/referrers.ts'
import type { NamePage } from '../registry/tag-pages.ts'
import type { AppContext } from './env.ts'
import { hasCode } from './errors.ts'
import { warning } from './responses.ts'
import type { PulledThrough, UpstreamList } from './upstream-port.ts'

/** What the upstream lists. What it cannot, is no reason not to list what is here. */
const listed = async <T>(
  c: AppContext,
  { host }: PulledThrough,
  asking: Promise<UpstreamList<T>>,
  isAnything: boolean,
): Promise<readonly T[]> => {
  try {
    const list = await asking
    if (list.warning !== undefined) c.header('Warning', warning(list.warning))
    return list.entries
  } catch (error) {
    if (!isAnything) throw error
    if (!hasCode(error, 'NAME_UNKNOWN')) {
      c.header('Warning', warning(`${host} does not respond: this is what was pulled from it`))
    }
    return []
  }
}

const byAscii = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** Where in a list, in ASCII order, begins what comes after. There may be a hundred thousand, at each request. */
const indexAfter = (names: readonly string[], last: string): number => {
  let [from, to] = [0, names.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (names[middle]! > last) to = middle
    else from = middle + 1
  }
  return from
}

/** A page of tags. @throws RegistryError NAME_UNKNOWN where neither has the repository */
export const withTagsOf = async (
  c: AppContext,
  source: PulledThrough,
  own: Promise<NamePage>,
  { limit, last }: { readonly limit: number; readonly last: string | undefined },
): Promise<NamePage> => {
  const asking = source.tags()
  asking.catch(() => {})
  const page = await own.catch((error: unknown) => {
    if (!hasCode(error, 'NAME_UNKNOWN')) throw error
    return undefined
  })
  const entries = await listed(c, source, asking, page !== undefined)
  const from = last === undefined ? 0 : indexAfter(entries, last)
  // One more says that there are more.
  const there = entries.slice(from, from + limit + 1)
  const names = [...new Set([...(page?.names ?? []), ...there])].sort(byAscii)
  return { names: names.slice(0, limit), more: names.length > limit || (page?.more ?? false) }
}

/** A page of referrers, as far as the registry's own page goes. */
export const withReferrersOf = async (
  c: AppContext,
  from: PulledThrough,
  own: Promise<ReferrerPage>,
  wanted: { readonly subject: Digest; readonly artifactType?: string; readonly last?: Digest },
): Promise<ReferrerPage> => {
  const { subject, artifactType, last } = wanted
  const asking = from.referrers(subject)
  asking.catch(() => {})
  const { referrers, next } = await own
  const here = new Set(referrers.map(({ digest }) => digest))
  const entries = await listed(c, from, asking, true)
  const more = entries.filter(
    (each) =>
      (artifactType === undefined || each.artifactType === artifactType) &&
      (last === undefined || each.digest > last) &&
      (next === undefined || each.digest <= next) &&
      !here.has(each.digest),
  )
  const all = [...referrers, ...more].sort((a, b) => byAscii(a.digest, b.digest))
  return { referrers: all, next }
}
