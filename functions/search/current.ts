/**
 * The index as it is at the moment, remembered: the names of all repositories, the terms of all buckets, and buckets that
 * were read. Whether there are other names by now is asked again after some seconds; the rest is known by its version.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { coalesce } from '../shared/coalesce.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Shard } from './indexed.ts'
import { NAMES_KEY, TERMS_KEY } from './keys.ts'
import { type NamedRepository, parseNames } from './names.ts'
import { type Pack, readPack } from './pack.ts'
import { type ReadShard, readShard } from './shard.ts'

/** Milliseconds for which names are believed to be the latest. */
export const FRESH = 5_000
/** Most bytes of buckets that are remembered, as text; in memory they are some times as much. */
const MOST_BYTES = 32 * 1024 * 1024
/** Parts read at once. */
const PARALLEL = 16

/** Names of all repositories at one time. */
export interface Snapshot {
  /** Since when the index is right; undefined: it may not be, and nobody goes by it. */
  readonly complete: Date | undefined
  /** By bucket, with the version of the bucket. */
  readonly buckets: ReadonlyMap<
    number,
    { readonly etag: string; readonly names: readonly NamedRepository[] }
  >
  /** Version of the terms. */
  readonly terms: string | undefined
}

/** The names of a snapshot, in several lists. */
export const listsOf = ({ buckets }: Snapshot): readonly (readonly NamedRepository[])[] =>
  [...buckets.values()].map(({ names }) => names)

/** The index. */
export interface Current {
  /** The names: no operation for some seconds, then one, and one more where they have changed. */
  snapshot(): Promise<Snapshot>
  /** The terms by bucket: an operation where they have changed. */
  terms(snapshot: Snapshot): Promise<Pack['parts']>
  /** A bucket, if it is remembered as it was summed up. */
  remembered(snapshot: Snapshot, bucket: number): Shard | undefined
  /** A bucket. One operation. */
  read(bucket: number): Promise<Shard>
}

const NONE: Snapshot = {
  complete: undefined,
  buckets: new Map(),
  terms: undefined,
}

const load = async (store: ObjectStore, before: Snapshot) => {
  const { etag, complete, terms, parts, damaged } = await readPack(store, NAMES_KEY)
  let broken = damaged
  const read = await inBatches(
    [...parts],
    async ([bucket, part]) => {
      const known = before.buckets.get(bucket)
      if (known?.etag === part.etag) return [bucket, known] as const
      const names = await parseNames(part.bytes).catch(() => undefined)
      if (names === undefined) broken = true
      return [bucket, { etag: part.etag, names: names ?? [] }] as const
    },
    PARALLEL,
  )
  const buckets = new Map(read)
  // Until the damaged are made again, the index does not say all that there is.
  const date = complete === undefined || broken ? undefined : new Date(complete)
  return { etag, snapshot: { complete: date, buckets, terms } satisfies Snapshot }
}

/** Opens the index of a store. @param now clock in milliseconds */
export const openCurrent = (store: ObjectStore, now: () => number = Date.now): Current => {
  let last = { etag: undefined as string | undefined, snapshot: NONE, at: Number.NEGATIVE_INFINITY }
  let ownTerms: { readonly etag: string; readonly parts: Pack['parts'] } | undefined
  const shards = new LRUCache<number, ReadShard>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ size }) => Math.max(1, size),
  })

  const refresh = coalesce(
    async (): Promise<Snapshot> => {
      const at = now()
      if (last.etag !== undefined) {
        const head = await store.head(NAMES_KEY)
        if (head?.etag === last.etag) {
          last = { ...last, at }
          return last.snapshot
        }
      }
      last = { ...(await load(store, last.snapshot)), at }
      return last.snapshot
    },
    { atOnce: 1 },
  )

  const readTerms = coalesce(
    async (): Promise<Pack['parts']> => {
      const { etag, parts } = await readPack(store, TERMS_KEY)
      if (etag !== undefined) ownTerms = { etag, parts }
      return parts
    },
    { atOnce: 1 },
  )

  const read = coalesce(
    async (bucket: number): Promise<Shard> => {
      const found = await readShard(store, bucket)
      shards.set(bucket, found)
      return found.shard
    },
    { atOnce: 1 },
  )

  return {
    snapshot: async () => (now() - last.at < FRESH ? last.snapshot : refresh()),
    terms: async ({ terms }) =>
      ownTerms !== undefined && ownTerms.etag === terms ? ownTerms.parts : readTerms(),
    remembered({ buckets }, bucket) {
      const known = shards.get(bucket)
      return known !== undefined && known.etag === buckets.get(bucket)?.etag
        ? known.shard
        : undefined
    },
    read,
  }
}
