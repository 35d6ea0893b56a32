/**
 * What a repository has, as its links say now: all of it, or what of it has changed.
 *
 * @module
 */

import { listRepository } from '../registry/clean-up/walk.ts'
import { unreported } from '../registry/damage.ts'
import { tagLinkKey } from '../registry/layout.ts'
import { createRecentLinks, readLink } from '../registry/links.ts'
import type { Digest } from '../registry/reference.ts'
import { createRevisions, type Revisions } from '../registry/revisions.ts'
import { createTags } from '../registry/tags.ts'
import { pendingOf, readNote } from '../registry/whole/note.ts'
import { inBatches, settled } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type Described, describeManifest } from './describe.ts'
import type { IndexedManifest, IndexedRepository, IndexedTag } from './indexed.ts'
import { latest } from './room.ts'

/** Most tags, and most manifests, that the index has of a repository: the latest. */
export const MOST = 5000
/** Reads at once. */
const PARALLEL = 16

/** What of a repository may have changed. */
export interface Change {
  readonly name: string
  readonly tags: ReadonlySet<string>
  readonly digests: ReadonlySet<string>
  /** Whether all of it may have. */
  readonly whole: boolean
}

/** What is known of a repository of which nothing is known. */
export const NOTHING: IndexedRepository = { tags: new Map(), manifests: new Map() }

/** Whether there is anything to find of a repository. */
export const isEmpty = ({ tags, manifests, unsettled }: IndexedRepository): boolean =>
  tags.size === 0 && manifests.size === 0 && !unsettled

/** Descriptions of manifests by repository and digest; kept while work is tried again. */
export type Descriptions = Map<string, Described>

interface Looking {
  readonly store: ObjectStore
  readonly name: string
  /** What was known before. */
  readonly known: IndexedRepository
  readonly descriptions: Descriptions
  /** Whether what a link says is there, though a delete of the whole repository goes on. */
  readonly stays: (link: {
    readonly modified?: Date | undefined
    readonly condemned?: true | undefined
  }) => boolean
}

/** Revisions as they are now: it remembers nothing. */
const revisionsOf = (store: ObjectStore): Revisions => {
  const tags = createTags(store, { has: async () => true })
  return createRevisions(
    store,
    createRecentLinks(store, () => 0),
    tags,
    unreported,
  )
}

/** Whether a manifest is there: also one that was deleted, if a tag keeps it. */
export const isThere = async (store: ObjectStore, name: string, digest: Digest): Promise<boolean> =>
  (await revisionsOf(store).find(name, digest)) !== undefined

/** Whether what could not be described of a manifest is there by now. */
export const isWhole = async (
  store: ObjectStore,
  name: string,
  digest: Digest,
): Promise<boolean> => {
  const revisions = revisionsOf(store)
  const link = await revisions.find(name, digest)
  if (link === undefined) return true
  const { lacks } = await describeManifest({ store, name, revisions }, digest, link.target)
  return lacks === undefined
}

const lookAtTag = async (
  { store, name, stays }: Looking,
  tag: string,
): Promise<IndexedTag | undefined> => {
  const link = await readLink(store, tagLinkKey(name, tag))
  if (link === undefined || !stays(link)) return undefined
  return { tag, digest: link.target, at: link.modified?.getTime() ?? 0, etag: link.etag }
}

/** @param at when it was pushed, where that is known: then its link is not read */
const describe = async (
  { store, name, known, descriptions }: Looking,
  digest: Digest,
  target: Digest,
  at: number,
): Promise<IndexedManifest> => {
  const before = known.manifests.get(digest)
  if (before !== undefined && before.lacks === undefined) return { ...before, at }
  // What one repository has says nothing of another's.
  const key = `${name}@${digest}`
  const described =
    descriptions.get(key) ??
    (await describeManifest({ store, name, revisions: revisionsOf(store) }, digest, target))
  if (described.lacks === undefined) descriptions.set(key, described)
  return { ...described, at }
}

const lookAtManifest = async (
  looking: Looking,
  digest: Digest,
): Promise<IndexedManifest | undefined> => {
  const { store, name, stays } = looking
  const link = await revisionsOf(store).find(name, digest)
  if (link === undefined || !stays(link)) return undefined
  return describe(looking, digest, link.target, link.modified?.getTime() ?? 0)
}

/** All of a repository. */
const lookAtAll = async (looking: Looking): Promise<Omit<IndexedRepository, 'unsettled'>> => {
  const { store, name, known, stays } = looking
  const listed = await listRepository(store, name)
  const newest = listed.tags
    .toSorted((a, b) => b.modified.getTime() - a.modified.getTime())
    .slice(0, MOST)
  const [tags, manifests] = await settled([
    inBatches(
      newest,
      async ({ tag, etag, modified }) => {
        const before = known.tags.get(tag)
        // The same version of a link says the same.
        const same = etag !== undefined && before?.etag === etag && stays({ modified })
        return same ? { ...before, at: modified.getTime() } : lookAtTag(looking, tag)
      },
      PARALLEL,
    ),
    inBatches(
      listed.revisions
        .toSorted((a, b) => b.modified.getTime() - a.modified.getTime())
        .slice(0, MOST),
      async ({ digest, plain, modified }) => {
        const at = modified.getTime()
        if (!plain || !stays({ modified })) return lookAtManifest(looking, digest)
        const before = known.manifests.get(digest)
        const same = before !== undefined && before.lacks !== 'parts'
        return same ? { ...before, at } : lookAtManifest(looking, digest)
      },
      PARALLEL,
    ),
  ])
  return {
    tags: new Map(tags.flatMap((each) => (each ? [[each.tag, each]] : []))),
    manifests: new Map(manifests.flatMap((each) => (each ? [[each.digest, each]] : []))),
  }
}

/** What has changed of a repository. */
const lookAtSome = async (
  looking: Looking,
  { tags: changed, digests }: Change,
): Promise<Omit<IndexedRepository, 'unsettled'>> => {
  const { known } = looking
  const tags = new Map(known.tags)
  const found = await inBatches([...changed], (tag) => lookAtTag(looking, tag), PARALLEL)
  const named = new Set(digests)
  for (const [at, tag] of [...changed].entries()) {
    const now = found[at]
    // A deleted manifest may have been there by this tag alone: see revisions.ts.
    for (const each of [tags.get(tag), now]) if (each !== undefined) named.add(each.digest)
    if (now === undefined) tags.delete(tag)
    else tags.set(tag, now)
  }
  const manifests = new Map(known.manifests)
  const looked = await inBatches(
    [...named],
    (digest) => lookAtManifest(looking, digest as Digest),
    PARALLEL,
  )
  for (const [at, digest] of [...named].entries()) {
    const now = looked[at]
    if (now === undefined) manifests.delete(digest)
    else manifests.set(digest, now)
  }
  return { tags, manifests }
}

/**
 * Looks at what may have changed of a repository: a read of the note of its deletes, and of each link; for new
 * manifests those of `describeManifest`. For all of it, a listing of each 1000 links.
 *
 * @param known what the index had
 */
export const lookAgain = async (
  store: ObjectStore,
  known: IndexedRepository,
  change: Change,
  descriptions: Descriptions,
): Promise<IndexedRepository> => {
  const { name } = change
  const pending = pendingOf(await readNote(store, name))
  const looking: Looking = {
    store,
    name,
    known,
    descriptions,
    stays: ({ modified, condemned }) =>
      pending === undefined || (!condemned && (modified?.getTime() ?? 0) > pending.at),
  }
  const whole = change.whole || known.unsettled === true
  const found = await (whole ? lookAtAll(looking) : lookAtSome(looking, change))
  return {
    tags: latest(found.tags, MOST),
    manifests: latest(found.manifests, MOST),
    unsettled: pending === undefined ? undefined : true,
  }
}
