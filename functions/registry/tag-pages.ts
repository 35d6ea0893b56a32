/**
 * Pages of a repository's tags, in ASCII order.
 *
 * @module
 */

import type { ObjectStore } from '../storage/store.ts'
import { tagPrefix, tagsPrefix } from './layout.ts'

/** A page of names in ASCII order. */
export interface NamePage {
  readonly names: readonly string[]
  /** Whether names after the last one exist. */
  readonly more: boolean
}

/** Proper prefixes of a tag that end where `-` or `.` follows: see {@link listTags}. */
const ancestors = (tag: string): string[] =>
  [...tag.matchAll(/[-.]/g)].map((match) => tag.slice(0, match.index)).filter((each) => each !== '')

/**
 * One page of tags in ASCII order, from a store that lists folders.
 *
 * The store orders `<tag>/`, and `/` sorts after `-` and `.`, so `v1-rc/` and `v1.0/` come before
 * `v1/` where ASCII order has `v1` first. Only such ancestors of a tag come too late, and only
 * ancestors of a page's last entry can be missing from it. Those few are looked up with one small
 * listing each, except those at or before `last`: paging through `v1-*` looks up `v1` once.
 *
 * All tags after `last` have keys after `tags/<last>` without a slash, so the listing starts there.
 */
export const listTags = async (
  store: ObjectStore,
  name: string,
  limit: number,
  last: string | undefined,
): Promise<NamePage> => {
  const root = tagsPrefix(name)
  // Entries that are filtered out (`last` itself and its ancestors) must not shorten the page.
  const spare = last === undefined ? 0 : 1 + ancestors(last).length
  const page = await store.list(root, {
    delimiter: '/',
    limit: Math.min(limit + spare, 1000),
    ...(last === undefined ? {} : { startAfter: root + last }),
  })
  const found = page.prefixes.map((prefix) => prefix.slice(root.length, -1))
  const final = found.at(-1)
  if (page.truncated && final !== undefined) {
    const missing = ancestors(final).filter(
      (tag) => (last === undefined || tag > last) && !found.includes(tag),
    )
    const probes = missing.map(async (tag) => {
      const probe = await store.list(tagPrefix(name, tag), { limit: 1 })
      if (probe.objects.length > 0) found.push(tag)
    })
    await Promise.all(probes)
  }
  const names = found.filter((tag) => last === undefined || tag > last).sort(byAscii)
  return { names: names.slice(0, limit), more: page.truncated || names.length > limit }
}

/** JavaScript compares UTF-16 units, which for ASCII is ASCII order. */
const byAscii = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
