/**
 * Sums all buckets up: their names, and their terms. What is looked for goes by these, so that an event is found once
 * they are written.
 *
 * The rule, as in update.ts: what is summed up is read first, then which version each bucket has, and it is written by a
 * condition on what was read. So it never says of a bucket what was true before what it said already.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { inTurns } from '../shared/turns.ts'
import { listPages } from '../storage/pages.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore } from '../storage/store.ts'
import { NAMES_KEY, SHARDS_PREFIX, shardOf, TERMS_KEY } from './keys.ts'
import { namesOf } from './names.ts'
import { type Pack, type Part, packed, type ReadPack, readPack } from './pack.ts'
import { readShard } from './shard.ts'
import { termsOf } from './terms.ts'

/** Shards read at once. */
const PARALLEL = 8
/** Times that another writer may be faster. */
const ATTEMPTS = 50

/** The versions of all shards that are there, by bucket. One listing. */
export const listShards = async (
  store: ObjectStore,
): Promise<ReadonlyMap<number, string | undefined>> => {
  const found = new Map<number, string | undefined>()
  for await (const page of listPages(store, SHARDS_PREFIX)) {
    for (const { key, etag } of page) {
      const bucket = shardOf(key)
      if (bucket !== undefined) found.set(bucket, etag)
    }
  }
  return found
}

/** @throws Error when a later version has written it: it is left as it is */
export const refuseLater = ({ later }: { readonly later: boolean }): void => {
  if (later) throw new Error('a later version of this program has written the index')
}

const write = (
  store: ObjectStore,
  key: string,
  pack: Pack,
  etag: string | undefined,
): Promise<string | undefined> =>
  putUnlessChanged(
    store,
    key,
    packed(pack),
    etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },
  )

/** The parts of buckets that are there, these among them. */
const replaced = (
  { parts }: ReadPack,
  there: ReadonlyMap<number, unknown>,
  fresh: ReadonlyMap<number, Part>,
): ReadonlyMap<number, Part> =>
  new Map([...[...parts].filter(([bucket]) => there.has(bucket)), ...fresh])

/**
 * Has nobody go by the index until it was mended: of a bucket nobody knows what was in it.
 *
 * @throws StoreError
 */
export const doubt = async (store: ObjectStore): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const names = await readPack(store, NAMES_KEY)
    refuseLater(names)
    if (names.complete === undefined) return
    const doubtful = { ...names, complete: undefined }
    if ((await write(store, NAMES_KEY, doubtful, names.etag)) !== undefined) return
  }
  throw new Error('what the index sums up was written each time that it was to be written')
}

/**
 * Sums up what has changed: three reads, a read of each changed bucket, two writes.
 *
 * @param complete when all buckets began to be looked at, where they all were
 * @throws StoreError
 */
export const fold = async (store: ObjectStore, complete?: Date): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [names, terms] = await Promise.all([
      readPack(store, NAMES_KEY),
      readPack(store, TERMS_KEY),
    ])
    for (const each of [names, terms]) refuseLater(each)
    const there = await listShards(store)
    const changed = [...there].filter(
      ([bucket, etag]) =>
        etag === undefined ||
        names.parts.get(bucket)?.etag !== etag ||
        terms.parts.get(bucket)?.etag !== etag,
    )
    const gone = [...names.parts.keys()].some((bucket) => !there.has(bucket))
    let date = complete?.toISOString() ?? names.complete
    if (changed.length === 0 && !gone && date === names.complete && names.terms === terms.etag) {
      return
    }
    const [newNames, newTerms] = [new Map<number, Part>(), new Map<number, Part>()]
    await inBatches(
      changed,
      async ([bucket]) => {
        const read = await readShard(store, bucket)
        refuseLater({ later: read.fault === 'later' })
        const { shard, etag, fault } = read
        if (etag === undefined) return
        // Nobody knows what was in it, until it is mended.
        if (fault === 'damaged') date = undefined
        newNames.set(bucket, { etag, bytes: await namesOf(shard) })
        newTerms.set(bucket, { etag, bytes: await inTurns(termsOf(shard)) })
      },
      PARALLEL,
    )
    const parts = replaced(terms, there, newTerms)
    const all = { complete: undefined, terms: undefined, parts }
    const written = await write(store, TERMS_KEY, all, terms.etag)
    if (written === undefined) continue
    const pack = {
      complete: date,
      terms: written,
      parts: replaced(names, there, newNames),
    }
    if ((await write(store, NAMES_KEY, pack, names.etag)) !== undefined) return
  }
  throw new Error('what the index sums up was written each time that it was to be written')
}
