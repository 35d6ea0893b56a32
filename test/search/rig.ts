/**
 * A registry with an index for search that is kept by its events, which are sent by hand.
 *
 * @module
 */

import { createCourier } from '../../functions/events/courier.ts'
import { fanOut } from '../../functions/events/fan-out.ts'
import { isIndex, parseReceivers } from '../../functions/events/receivers.ts'
import { createRecorder } from '../../functions/events/recorder.ts'
import { readWanted } from '../../functions/events/wanted.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { listShards } from '../../functions/search/fold.ts'
import { createKeeper } from '../../functions/search/keep.ts'
import { readShard } from '../../functions/search/shard.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import type { ClientOptions } from '../support/rig/client.ts'
import { clientOf, type Send } from '../support/rig/client.ts'

/** The document that switches search on. */
export const DOCUMENT = JSON.stringify({ version: 1, search: true, receivers: [] })

const [INDEX] = parseReceivers(DOCUMENT).filter(isIndex)

/** Records what the index wants to hear of. */
export const searchRecorder = (store: ObjectStore, now: () => number = Date.now) => {
  const wanted = readWanted(DOCUMENT, () => {})
  if (wanted === undefined) throw new Error('nobody wants events')
  return createRecorder({ store, wanted, now })
}

/** Sends what is recorded to the index, by one process that remembers nothing. */
export const deliver = async (store: ObjectStore, now: () => number = Date.now): Promise<void> => {
  if (INDEX === undefined) throw new Error('there is no index')
  const goOn = async (): Promise<boolean> => true
  const keep = createKeeper(store)
  const faults: string[] = []
  const courier = createCourier({
    store,
    now,
    signal: new AbortController().signal,
    post: (_, record) => keep(record),
    report: ({ why }) => void faults.push(why),
  })
  await fanOut(store, {
    hearing: async () => [INDEX],
    now,
    goOn,
    damaged: (key) => void faults.push(key),
  })
  while ((await courier.round(INDEX, goOn)) === 0);
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

/** A client of a registry whose events are recorded, and which searches. */
export const searching = (store: ObjectStore, options: ClientOptions = {}): Promise<Send> => {
  const events = searchRecorder(store, options.now)
  // Each request asks again whether there is something new.
  const index = async () => openCurrent(store, () => 0)
  return clientOf(store, { events, index, undeletes: true, ...options })
}

/** All that the index says, as plain values: tags with their digests, and digests. */
export const indexed = async (
  store: ObjectStore,
): Promise<Record<string, { tags: Record<string, string>; manifests: string[] }>> => {
  const all: Record<string, { tags: Record<string, string>; manifests: string[] }> = {}
  for (const bucket of (await listShards(store)).keys()) {
    const { shard } = await readShard(store, bucket)
    for (const [name, { tags, manifests }] of shard) {
      all[name] = {
        tags: Object.fromEntries([...tags.values()].map(({ tag, digest }) => [tag, digest])),
        manifests: [...manifests.keys()].sort(),
      }
    }
  }
  return all
}
