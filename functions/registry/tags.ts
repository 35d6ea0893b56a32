/**
 * Tags of a repository.
 *
 * @module
 */

import { coalesce } from '../shared/coalesce.ts'
import { inBatches } from '../shared/parallel.ts'
import { isStoreError } from '../storage/errors.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'
import type { Digest } from './digest.ts'
import { RegistryError } from './errors.ts'
import { manifestsPrefix, tagIndexLinkKey, tagLinkKey, tagPrefix, tagsPrefix } from './layout.ts'
import { type Link, readLink, writeLink } from './links.ts'

/** What a tag must be, right when it is written, for the write to happen. */
export type TagCondition =
  /** It must not exist. */
  | { readonly absent: true }
  /** It must point at one of these; empty: at anything. */
  | { readonly anyOf: readonly string[] }

/** A page of names in ASCII order. */
export interface NamePage {
  readonly names: readonly string[]
  /** Whether names after the last one exist. */
  readonly more: boolean
}

/** Operations on the tags of repositories. */
export interface Tags {
  /** What the tag points at; one operation. */
  get(name: string, tag: string): Promise<Link | undefined>
  /**
   * Points the tag at a manifest, which must be complete. The last write of a push.
   *
   * @throws RegistryError PRECONDITION_FAILED when the tag is not as the condition says; exact also
   *   when others write at the same moment
   */
  set(name: string, tag: string, digest: Digest, condition?: TagCondition): Promise<void>
  /** Removes the tag; the manifest stays. False when there is none. */
  remove(name: string, tag: string): Promise<boolean>
  /** Removes every tag that points at the manifest: one read a tag of the repository. */
  removePointingAt(name: string, digest: Digest): Promise<void>
  /**
   * Tags after `last` in ASCII order, at most `limit` (1 to 1000).
   *
   * @throws RegistryError NAME_UNKNOWN when there is no such repository
   */
  list(name: string, limit: number, last?: string): Promise<NamePage>
}

const lost = (name: string, tag: string, is: string, wanted: string): RegistryError =>
  new RegistryError(
    'PRECONDITION_FAILED',
    `the tag ${tag} of ${name} ${is}, the request wanted ${wanted}`,
    { detail: { name, tag } },
  )

/** Tags on a store. */
export const createTags = (store: ObjectStore): Tags => {
  /** Turns a condition on digests into one on the link object the decision was taken on. */
  const storeCondition = async (
    name: string,
    tag: string,
    condition: TagCondition,
  ): Promise<WriteCondition> => {
    if ('absent' in condition) return { ifNoneMatch: '*' }
    const { anyOf } = condition
    const wanted = anyOf.length > 0 ? anyOf.join(' or ') : 'any'
    const link = await readLink(store, tagLinkKey(name, tag))
    if (link === undefined) throw lost(name, tag, 'does not exist', wanted)
    if (anyOf.length > 0 && !anyOf.includes(link.target)) {
      throw lost(name, tag, `points at ${link.target}`, wanted)
    }
    return { ifMatch: link.etag }
  }

  const set: Tags['set'] = async (name, tag, digest, condition) => {
    const current = tagLinkKey(name, tag)
    const history = () => writeLink(store, tagIndexLinkKey(name, tag, digest), digest)
    if (condition === undefined) {
      await Promise.all([writeLink(store, current, digest), history()])
      return
    }
    const onStore = await storeCondition(name, tag, condition)
    try {
      await writeLink(store, current, digest, { condition: onStore })
    } catch (error) {
      if (!isStoreError(error, 'precondition')) throw error
      throw 'absent' in condition
        ? lost(name, tag, 'exists', 'it absent')
        : lost(name, tag, 'has just been changed by another push', 'it unchanged')
    }
    await history()
  }

  const allKeys = async (prefix: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const objects of listPages(store, prefix)) {
      keys.push(...objects.map((object) => object.key))
    }
    return keys
  }

  const remove: Tags['remove'] = async (name, tag) => {
    const keys = await allKeys(tagPrefix(name, tag))
    await store.delete(keys)
    return keys.length > 0
  }

  const readNow = coalesce((key: string) => readLink(store, key))
  const listNow = coalesce((name: string, limit: number, last: string | undefined) =>
    listTags(store, name, limit, last),
  )

  const list: Tags['list'] = async (name, limit, last) => {
    const page = await listNow(name, limit, last)
    if (page.names.length === 0 && last === undefined) {
      const any = await store.list(manifestsPrefix(name), { limit: 1 })
      if (any.objects.length === 0) throw nameUnknown(name)
    }
    return page
  }

  const removePointingAt: Tags['removePointingAt'] = async (name, digest) => {
    for (let last: string | undefined, more = true; more; ) {
      const page = await listTags(store, name, 1000, last)
      await inBatches(page.names, async (tag) => {
        const link = await readLink(store, tagLinkKey(name, tag))
        if (link?.target === digest) await remove(name, tag)
      })
      last = page.names.at(-1)
      more = page.more
    }
  }

  return {
    get: (name, tag) => readNow(tagLinkKey(name, tag)),
    set,
    remove,
    removePointingAt,
    list,
  }
}

export const nameUnknown = (name: string): RegistryError =>
  new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { detail: { name } })

/** Proper prefixes of a tag that end where `-` or `.` follows: see {@link listTags}. */
const ancestors = (tag: string): string[] =>
  [...tag.matchAll(/[-.]/g)].map((match) => tag.slice(0, match.index)).filter((each) => each !== '')

/**
 * One page of tags in ASCII order, from a store that lists folders.
 *
 * The store orders `<tag>/`, and `/` sorts after `-` and `.`: it puts `v1-rc/` and `v1.0/` before
 * `v1/`, where ASCII order has `v1` first. Only such ancestors of a tag come late, and beyond a cut
 * page only ancestors of its last entry can be missing. Those few are looked up, one small listing
 * each; an ancestor at or before `last` need not be, so paging through `v1-*` looks up `v1` once.
 *
 * Tags after `last` all have keys after `tags/<last>` without a slash, so that is where to start.
 */
const listTags = async (
  store: ObjectStore,
  name: string,
  limit: number,
  last: string | undefined,
): Promise<NamePage> => {
  const root = tagsPrefix(name)
  // Entries that the filter drops (`last` itself and its ancestors) should not shorten the page.
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
