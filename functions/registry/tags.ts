/**
 * Tags of a repository.
 *
 * @module
 */

import { coalesce } from '../shared/coalesce.ts'
import { inBatches } from '../shared/parallel.ts'
import { tookPlace } from '../storage/errors.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'
import type { Catalog } from './catalog.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { RegistryError } from './errors.ts'
import { manifestsPrefix, tagLinkKey, tagPrefix } from './layout.ts'
import {
  isCondemned,
  type Link,
  readLink,
  readStoredLink,
  type WriteLinkOptions,
  writeLink,
} from './links.ts'
import type { Digest } from './reference.ts'
import { tagImmutable } from './retention/refusals.ts'
import {
  isVersionOf,
  type PointingTag,
  pointingAmong,
  type TagLink,
  tagLinks,
} from './tag-links.ts'
import { listTags, type NamePage } from './tag-pages.ts'

/** What a tag must be at the moment it is written, for the write to happen. */
export type TagCondition =
  /** It must not exist. */
  | { readonly absent: true }
  /** It must point at one of these digests; if there are none, it must only exist. */
  | { readonly anyOf: readonly string[] }

/** How a tag is set. */
export type SetTagOptions = Pick<WriteLinkOptions, 'inTime' | 'by'>

/** Most tags that a delete keeps in memory at once, and some of a page more; about 10 MB. */
const WINDOW = 20_000

/**
 * A plain link has the same version whenever it says the same. A delete that was sent twice, and answered once, could
 * take the tag of a push away that followed the answer.
 */
const ONCE = { once: true } as const

/** Operations on the tags of repositories. */
export interface Tags {
  /** What the tag points at; one operation. */
  get(name: string, tag: string): Promise<Link | undefined>
  /**
   * Points the tag at a manifest, which must be complete. The last write of a push.
   *
   * @throws RegistryError PRECONDITION_FAILED when the condition does not hold; exact even when
   *   others write at the same moment
   * @throws StoreError `late` when `inTime` says so: see `PutOptions`
   */
  set(
    name: string,
    tag: string,
    digest: Digest,
    condition?: TagCondition,
    options?: SetTagOptions,
  ): Promise<void>
  /**
   * The same for a tag that may not move: makes it; if it points at the manifest already, that is all.
   *
   * @throws RegistryError PRECONDITION_FAILED as above, TAG_IMMUTABLE when it points at another; exact even
   *   when others write at the same moment
   * @throws StoreError `late` when `inTime` says so: see `PutOptions`
   */
  make: Tags['set']
  /**
   * Removes the tag; the manifest stays.
   *
   * @param before work to be done before the tag is gone, given what it points at
   * @returns false when there is no such tag
   */
  remove(name: string, tag: string, before: (digest: Digest) => Promise<void>): Promise<boolean>
  /**
   * Removes every tag that points at the manifest, if it still does at that moment: one listing for
   * each 1000 keys of tags, and a delete for each such tag. What it takes to tell the others: see
   * tag-links.ts.
   *
   * @param before work to be done before any of them is gone, given all of them
   */
  removePointingAt(
    name: string,
    digest: Digest,
    before: (tags: readonly string[]) => Promise<void>,
  ): Promise<void>
  /**
   * Whether a tag that was set at `since` or later points at the manifest: one listing for each 1000
   * keys of tags, and what it takes to tell those that were set since.
   */
  pointsAt(name: string, digest: Digest, since: Date): Promise<boolean>
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
    `the tag ${tag} of ${name} ${is}, but the request wanted ${wanted}`,
    { detail: { name, tag } },
  )

/** Tags on a store. */
export const createTags = (
  store: ObjectStore,
  catalog: Pick<Catalog, 'has'>,
  report: ReportDamage = unreported,
): Tags => {
  /** Turns a condition on digests into one on the version of the link that was checked. */
  const storeCondition = async (
    name: string,
    tag: string,
    condition: TagCondition,
  ): Promise<WriteCondition> => {
    if ('absent' in condition) return { ifNoneMatch: '*' }
    const { anyOf } = condition
    const wanted = anyOf.length > 0 ? anyOf.join(' or ') : 'any'
    const link = await readLink(store, tagLinkKey(name, tag), report)
    if (link === undefined) throw lost(name, tag, 'does not exist', wanted)
    if (anyOf.length > 0 && !anyOf.includes(link.target)) {
      throw lost(name, tag, `points at ${link.target}`, wanted)
    }
    return { ifMatch: link.etag }
  }

  /** Writes a tag's link over a damaged one, which counts as none. @returns false if there is none */
  const replaceDamaged = async (
    key: string,
    digest: Digest,
    how: SetTagOptions,
  ): Promise<boolean> => {
    const stored = await readStoredLink(store, key, report)
    if (stored === undefined || stored.link !== undefined) return false
    return tookPlace(writeLink(store, key, digest, { ...how, condition: { ifMatch: stored.etag } }))
  }

  const set: Tags['set'] = async (name, tag, digest, condition, how = {}) => {
    const current = tagLinkKey(name, tag)
    if (condition === undefined) return writeLink(store, current, digest, how)
    for (;;) {
      const onStore = await storeCondition(name, tag, condition)
      if (await tookPlace(writeLink(store, current, digest, { ...how, condition: onStore }))) return
      // Another version may say the same: then the condition still holds.
      if ('absent' in condition) break
    }
    if (!(await replaceDamaged(current, digest, how))) throw lost(name, tag, 'exists', 'it absent')
  }

  const make: Tags['make'] = async (name, tag, digest, condition, how = {}) => {
    if (condition && 'absent' in condition) return set(name, tag, digest, condition, how)
    if (condition) await storeCondition(name, tag, condition)
    const key = tagLinkKey(name, tag)
    const write = () => writeLink(store, key, digest, { ...how, condition: { ifNoneMatch: '*' } })
    while (!(await tookPlace(write()))) {
      const link = await readLink(store, key, report)
      if (link?.target === digest) {
        if (!isCondemned(link)) return
        // A rule is about to remove it: it has to see that it was pushed.
        const condition = { ifMatch: link.etag }
        if (await tookPlace(writeLink(store, key, digest, { ...how, condition }))) return
        continue
      }
      if (link !== undefined) throw tagImmutable(name, tag, link.target)
      if (await replaceDamaged(key, digest, how)) return
    }
  }

  /**
   * Deletes what distribution and Slipway 1.0 noted of a tag's past. Before the tag itself: a folder
   * with nothing else in it would still be listed as a tag.
   */
  const removeHistory = async (name: string, tag: string): Promise<boolean> => {
    let found = false
    for await (const objects of listPages(store, tagPrefix(name, tag))) {
      const keys = objects.map(({ key }) => key).filter((key) => key !== tagLinkKey(name, tag))
      if (keys.length > 0) await store.delete(keys)
      found ||= keys.length > 0
    }
    return found
  }

  const remove: Tags['remove'] = async (name, tag, before) => {
    const key = tagLinkKey(name, tag)
    const [first, history] = await Promise.all([
      readStoredLink(store, key, report),
      removeHistory(name, tag),
    ])
    for (let stored = first; stored !== undefined; ) {
      if (stored.link) await before(stored.link.target)
      if (await tookPlace(store.deleteIf(key, stored.etag, ONCE))) return true
      stored = await readStoredLink(store, key, report)
    }
    return history
  }

  const readNow = coalesce((key: string) => readLink(store, key, report))
  const listNow = coalesce((name: string, limit: number, last: string | undefined) =>
    listTags(store, name, limit, last),
  )

  /** What the catalog lists can be listed, also if another program has emptied it. */
  const hasAny = async (name: string): Promise<boolean> => {
    const manifests = store.list(manifestsPrefix(name), { limit: 1 })
    const [{ objects }, listed] = await Promise.all([manifests, catalog.has(name)])
    return listed || objects.length > 0
  }

  const list: Tags['list'] = async (name, limit, last) => {
    const page = await listNow(name, limit, last)
    if (page.names.length === 0 && last === undefined) {
      if (!(await hasAny(name))) throw nameUnknown(name)
    }
    return page
  }

  const removePointingAt: Tags['removePointingAt'] = async (name, digest, before) => {
    const found: PointingTag[] = []
    for await (const all of tagLinks(store, name, WINDOW)) {
      found.push(...(await pointingAmong(store, name, all, digest, report)))
    }
    if (found.length > 0) await before(found.map(({ tag }) => tag))
    await inBatches(found, async ({ key, etag, past }) => {
      if (past.length > 0) await store.delete(past)
      // If it has moved on, it stays; a rule that is about to remove it has not moved it.
      for (let version: string | undefined = etag; version !== undefined; ) {
        if (await tookPlace(store.deleteIf(key, version, ONCE))) return
        const link = await readLink(store, key, report)
        version = link?.target === digest && isCondemned(link) ? link.etag : undefined
      }
    })
  }

  const pointsAt: Tags['pointsAt'] = async (name, digest, since) => {
    const open: TagLink[] = []
    const isAmong = async () =>
      (await pointingAmong(store, name, open.splice(0), digest, report)).length > 0
    for await (const all of tagLinks(store, name)) {
      const recent = all.filter(({ modified }) => modified >= since)
      if (recent.some(({ etag }) => isVersionOf(etag, digest))) return true
      open.push(...recent)
      if (open.length > WINDOW && (await isAmong())) return true
    }
    return isAmong()
  }

  return {
    get: (name, tag) => readNow(tagLinkKey(name, tag)),
    set,
    make,
    remove,
    removePointingAt,
    pointsAt,
    list,
  }
}

export const nameUnknown = (name: string): RegistryError =>
  new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { detail: { name } })
