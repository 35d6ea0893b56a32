/**
 * Brings a bucket of the index up to date.
 *
 * The rule: a shard is read first, then what the store says, and then the shard is written, by a condition on the
 * version that was read. So what a shard says of a repository was true at some time after the write of the shard before it;
 * and whoever has looked after an event leaves a shard that knows of it, and so does everybody who writes it later,
 * whoever dies where. Nothing depends on the order of events, or on how often they come.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import { doubt, refuseLater } from './fold.ts'
import { type ReadShard, readShard, writeShard } from './shard.ts'
import { type Change, type Descriptions, isEmpty, lookAgain, NOTHING } from './truth.ts'

/** Repositories looked at at once. */
const PARALLEL = 8
/** Times that another writer may be faster. */
const ATTEMPTS = 50

/** All changes of a repository as one. */
const merge = (changes: readonly Change[]): readonly Change[] =>
  [...Map.groupBy(changes, ({ name }) => name)].map(([name, all]) => ({
    name,
    tags: new Set(all.flatMap(({ tags }) => [...tags])),
    digests: new Set(all.flatMap(({ digests }) => [...digests])),
    whole: all.some(({ whole }) => whole),
  }))

/** Repositories whose delete went on when they were last looked at. */
const unsettledOf = ({ shard }: ReadShard): Change[] =>
  [...shard].flatMap(([name, { unsettled }]) =>
    unsettled ? [{ name, tags: new Set<string>(), digests: new Set<string>(), whole: true }] : [],
  )

/**
 * Has a bucket say what the store says of these repositories now, or later than now.
 *
 * @param changes all of them of this bucket
 * @throws StoreError
 */
export const updateBucket = async (
  store: ObjectStore,
  bucket: number,
  changes: readonly Change[],
): Promise<void> => {
  const descriptions: Descriptions = new Map()
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const read = await readShard(store, bucket)
    // Before it is written: whoever dies in between leaves an index that nobody goes by.
    if (read.fault === 'damaged') await doubt(store)
    refuseLater({ later: read.fault === 'later' })
    const all = merge([...unsettledOf(read), ...changes])
    const found = await inBatches(
      all,
      (change) => lookAgain(store, read.shard.get(change.name) ?? NOTHING, change, descriptions),
      PARALLEL,
    )
    const shard = new Map(read.shard)
    for (const [at, { name }] of all.entries()) {
      const now = found[at]
      if (now === undefined || isEmpty(now)) shard.delete(name)
      else shard.set(name, now)
    }
    if ((await writeShard(store, bucket, shard, read.etag)) !== undefined) return
  }
  throw new Error(`bucket ${bucket} of the index was written each time that it was to be written`)
}
