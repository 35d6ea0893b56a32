/**
 * What it costs to find records of pulls of manifests that are gone.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { pulls } from '../../../functions/registry/clean-up/litter/beside.ts'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import { pulledKey, revisionLinkKey, revisionsPrefix } from '../../../functions/registry/layout.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { createModel } from '../../interleavings/model.ts'
import { SERVICES } from './world.ts'

/** Links that a listing tells of. */
const PAGE = 100

const digestOf = (at: number) => `sha256:${String(at).padStart(64, '0')}`
const EMPTY = new Uint8Array()

/** A store that notes what is asked of links. */
const counting = (store: ObjectStore) => {
  const asked = { looks: 0, listings: 0 }
  const counted: ObjectStore = {
    ...store,
    head(key) {
      asked.looks += 1
      return store.head(key)
    },
    list(prefix, options) {
      if (!prefix.startsWith(revisionsPrefix('app'))) return store.list(prefix, options)
      asked.listings += 1
      return store.list(prefix, { ...options, limit: PAGE })
    },
  }
  return { counted, asked }
}

test.each([
  [12, 1, { looks: 12, listings: 0 }],
  [13, 1, { looks: 0, listings: 1 }],
  [250, 1, { looks: 0, listings: 3 }],
  [250, 6, { looks: 8, listings: 2 }],
  // A listing tells of less than it costs.
  [2000, 50, { looks: 37, listings: 1 }],
])('%i manifests, records of each %ith, some are gone: %j', async (manifests, each, cost) => {
  const { store, clock } = createModel(SERVICES[0]![1])
  for (let at = 0; at < manifests; at++) {
    await store.put(revisionLinkKey('app', digestOf(at)), EMPTY)
    if (at % each === 0) await store.put(pulledKey('app', digestOf(at)), EMPTY)
  }
  const gone = [0, 7 * each, manifests - (manifests % each || each)].map(digestOf)
  await store.delete(gone.map((digest) => revisionLinkKey('app', digest)))
  const { counted, asked } = counting(store)
  const found: (string | undefined)[] = []
  const date = clock.now + 2 * TIMES.grace
  for await (const { suspects } of pulls(counted, { ...TIMES, date }).pages(undefined)) {
    for (const suspect of suspects) {
      const verdict = await suspect.look()
      if (typeof verdict !== 'string') found.push(verdict.thing.digest)
    }
  }
  expect(found).toEqual(gone)
  expect(asked).toEqual(cost)
})

test('a record is deleted by one request: one of a later pull has the same version', async () => {
  const { store, clock } = createModel(SERVICES[0]![1])
  await store.put(pulledKey('app', digestOf(1)), EMPTY)
  clock.now += 2 * TIMES.grace
  const sent: unknown[] = []
  const deleting: ObjectStore = {
    ...store,
    deleteIf(key, etag, options) {
      sent.push(options)
      return store.deleteIf(key, etag, options)
    },
  }
  for await (const { suspects } of pulls(deleting, { ...TIMES, date: clock.now }).pages(
    undefined,
  )) {
    for (const suspect of suspects) {
      const verdict = await suspect.look()
      if (typeof verdict !== 'string') expect(await verdict.carryOut()).toBe(true)
    }
  }
  expect(sent).toEqual([{ once: true }])
})

test('records of several repositories, and young ones', async () => {
  const { store, clock } = createModel(SERVICES[0]![1])
  for (const name of ['a', 'a/b', 'b']) {
    for (let at = 0; at < 20; at++) {
      await store.put(pulledKey(name, digestOf(at)), EMPTY)
      if (at !== 3) await store.put(revisionLinkKey(name, digestOf(at)), EMPTY)
    }
  }
  clock.now += 2 * TIMES.grace
  await store.put(pulledKey('b', digestOf(21)), EMPTY)
  const found: unknown[] = []
  let all = 0
  for await (const { suspects } of pulls(store, { ...TIMES, date: clock.now }).pages(undefined)) {
    all += suspects.length
    for (const suspect of suspects) {
      const verdict = await suspect.look()
      if (typeof verdict !== 'string') found.push(verdict.thing.repository, verdict.thing.digest)
    }
  }
  expect(all).toBe(61)
  expect(found).toEqual(['a', 'a/b', 'b'].flatMap((name) => [name, digestOf(3)]))
})
