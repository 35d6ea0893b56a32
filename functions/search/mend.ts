/**
 * Makes the index right, whatever it says: after events that were lost, for what nobody records, and where there is none
 * yet. All links are listed, and what they show is compared with the index; of what differs, the links are read.
 *
 * Events may come meanwhile: what is written here is as true as what they write, see update.ts.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { type ListedRepository, walkRepositories } from '../registry/clean-up/walk.ts'
import type { Digest } from '../registry/reference.ts'
import { inBatches } from '../shared/parallel.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import { fold, listShards } from './fold.ts'
import type { IndexedRepository, Shard } from './indexed.ts'
import { BUCKETS, bucketOf, SEARCH_PREFIX } from './keys.ts'
import { readShard } from './shard.ts'
import { type Change, isThere, isWhole, MOST } from './truth.ts'
import { updateBucket } from './update.ts'

/** Repositories of a bucket that are looked at for one write of it: others write it, too. */
const CHUNK = 32
/** Buckets at once. */
const PARALLEL = 4

/** What a listing shows of a repository. */
interface Shown {
  /** Sum of its tags and plain links of manifests. */
  readonly sum: bigint
  /** Whether the versions of tags are listed. */
  readonly versions: boolean
  /** Digests of links that are not plain: of these, a listing does not say whether they are there. */
  readonly others: readonly Digest[]
}

/** How a mend has ended. */
export interface Mended {
  readonly repositories: number
  /** Those of which the index did not say what is there. */
  readonly stale: number
  /** Whether it was stopped before its end. */
  readonly stopped: boolean
}

/** A number for a text; those of several are added, in whatever order. */
const numberOf = (text: string): bigint =>
  createHash('sha256').update(text).digest().readBigUInt64LE(0)

const sumOf = (texts: Iterable<string>): bigint => {
  let sum = 0n
  for (const text of texts) sum = BigInt.asUintN(64, sum + numberOf(text))
  return sum
}

const newest = <T extends { readonly modified: Date }>(all: readonly T[]): readonly T[] =>
  all.length <= MOST
    ? all
    : all.toSorted((a, b) => b.modified.getTime() - a.modified.getTime()).slice(0, MOST)

/** What of a tag is compared. */
const textOf = (
  { tag, etag }: { readonly tag: string; readonly etag?: string | undefined },
  versions: boolean,
): string => (versions ? `${tag} ${etag}` : tag)

const shownOf = ({ tags, revisions }: ListedRepository): Shown => {
  const all = newest(revisions)
  const versions = tags.every(({ etag }) => etag !== undefined)
  const sum = sumOf([
    ...newest(tags).map((each) => textOf(each, versions)),
    ...all.filter(({ plain }) => plain).map(({ digest }) => digest),
  ])
  const others = all.filter(({ plain }) => !plain).map(({ digest }) => digest)
  return { sum, versions, others }
}

/** Whether the index says what a listing shows. */
const agrees = async (
  store: ObjectStore,
  name: string,
  shown: Shown | undefined,
  known: IndexedRepository | undefined,
): Promise<boolean> => {
  if (known === undefined) return shown?.sum === 0n
  if (shown === undefined || known.unsettled) return false
  const others = new Set<string>(shown.others)
  const texts = [
    ...[...known.tags.values()].map((each) => textOf(each, shown.versions)),
    ...[...known.manifests.keys()].filter((digest) => !others.has(digest)),
  ]
  if (sumOf(texts) !== shown.sum) return false
  // Condemned ones are there, deleted ones mostly not.
  const doubtful = shown.others.filter((digest) => known.manifests.has(digest))
  const there = await inBatches(doubtful, (digest) => isThere(store, name, digest))
  if (!there.every((each) => each)) return false
  const lacking = [...known.manifests.values()].filter(({ lacks }) => lacks === 'parts')
  const whole = await inBatches(
    lacking,
    ({ digest }) => isWhole(store, name, digest as Digest),
    CHUNK,
  )
  return !whole.some((each) => each)
}

const mendBucket = async (
  store: ObjectStore,
  bucket: number,
  shown: ReadonlyMap<string, Shown>,
  isThere: boolean,
): Promise<number> => {
  const read = isThere ? await readShard(store, bucket) : undefined
  const shard: Shard = read?.shard ?? new Map()
  const names = [...new Set([...shown.keys(), ...shard.keys()])]
  const right = await inBatches(
    names,
    (name) => agrees(store, name, shown.get(name), shard.get(name)),
    CHUNK,
  )
  const stale: Change[] = names
    .filter((_, at) => !right[at])
    .map((name) => ({ name, tags: new Set(), digests: new Set(), whole: true }))
  // One that is damaged is written anew, even where nothing is to be in it.
  if (read?.fault !== undefined && stale.length === 0) await updateBucket(store, bucket, [])
  for (let from = 0; from < stale.length; from += CHUNK) {
    await updateBucket(store, bucket, stale.slice(from, from + CHUNK))
  }
  return stale.length
}

/**
 * Mends the index: a listing of each 1000 links and one of the buckets, a read of each bucket, and what differs.
 *
 * @param isOver says whether to stop; what is done is done
 * @param progress is told how many repositories were listed, and how many of them were looked at again
 * @throws StoreError
 */
export const mend = async (
  store: ObjectStore,
  isOver: () => boolean = () => false,
  progress: (listed: number, stale: number) => void = () => {},
): Promise<Mended> => {
  const began = new Date()
  const buckets = Array.from({ length: BUCKETS }, () => new Map<string, Shown>())
  let [repositories, stale] = [0, 0]
  for await (const listed of walkRepositories(store)) {
    if (isOver()) return { repositories, stale, stopped: true }
    buckets[bucketOf(listed.name)]?.set(listed.name, shownOf(listed))
    repositories += 1
    progress(repositories, stale)
  }
  let stopped = false
  const there = await listShards(store)
  await inBatches(
    [...buckets.entries()],
    async ([bucket, shown]) => {
      stopped ||= isOver()
      if (stopped) return
      const mended = await mendBucket(store, bucket, shown, there.has(bucket))
      stale += mended
      shown.clear()
      progress(repositories, stale)
    },
    PARALLEL,
  )
  await fold(store, stopped ? undefined : began)
  return { repositories, stale, stopped }
}

/** Takes the index away, where nobody keeps it. @returns how many objects went */
export const removeIndex = async (store: ObjectStore): Promise<number> => {
  let count = 0
  for await (const page of listPages(store, SEARCH_PREFIX)) {
    if (page.length > 0) await store.delete(page.map(({ key }) => key))
    count += page.length
  }
  return count
}
