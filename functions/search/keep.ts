/**
 * Keeps the index by events: it is a receiver of them, which is told of each change of a manifest or tag, at least once.
 * An event is done once it can be found.
 *
 * What comes while it is at work is done together, next: a bucket is written once for all of it, and summed up once.
 *
 * @module
 */

import type { Outcome } from '../events/outcome.ts'
import type { EventRecord } from '../events/record.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import { fold } from './fold.ts'
import { bucketOf } from './keys.ts'
import type { Change } from './truth.ts'
import { updateBucket } from './update.ts'

/** Buckets at once. */
const PARALLEL = 4

/** What may have changed where this has happened; nothing for what is about no manifest. */
export const changeOf = ({ repository, target }: EventRecord): Change | undefined => {
  if (repository === undefined) return undefined
  const { tag, digest, previous } = target ?? {}
  const digests = [digest, previous].filter((each) => each !== undefined)
  return {
    name: repository,
    tags: new Set(tag === undefined ? [] : [tag]),
    digests: new Set(digests),
    whole: tag === undefined && digest === undefined,
  }
}

/** Brings the index up to date with these. @throws StoreError */
export const bring = async (store: ObjectStore, changes: readonly Change[]): Promise<void> => {
  const byBucket = Map.groupBy(changes, ({ name }) => bucketOf(name))
  await inBatches([...byBucket], ([bucket, some]) => updateBucket(store, bucket, some), PARALLEL)
  await fold(store)
}

interface Waiting {
  readonly change: Change
  readonly end: (outcome: Outcome) => void
}

/** What takes an event into the index. It never rejects. */
export const createKeeper = (store: ObjectStore): ((record: EventRecord) => Promise<Outcome>) => {
  let waiting: Waiting[] = []
  let busy = false

  const work = async (): Promise<void> => {
    busy = true
    while (waiting.length > 0) {
      const all = waiting
      waiting = []
      const outcome = await bring(
        store,
        all.map(({ change }) => change),
      ).then(
        (): Outcome => ({ kind: 'delivered' }),
        (error: unknown): Outcome => ({
          kind: 'failed',
          why: error instanceof Error ? error.message : String(error),
        }),
      )
      for (const { end } of all) end(outcome)
    }
    busy = false
  }

  return (record) => {
    const change = changeOf(record)
    if (change === undefined) return Promise.resolve({ kind: 'delivered' })
    return new Promise((end) => {
      waiting.push({ change, end })
      if (!busy) void work()
    })
  }
}
