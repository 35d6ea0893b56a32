/**
 * A marker is read once: as long as it is listed as it was, later runs know it; and decide as one that knows nothing.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { openKnownMarkers } from '../../../functions/registry/clean-up/known-markers.ts'
import { newNonce, readMarker, writeMarker } from '../../../functions/registry/clean-up/marker.ts'
import { CLEAN_UP_PREFIX, markerKey } from '../../../functions/registry/layout.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { createModel } from '../../interleavings/model.ts'
import { blob } from '../../support/hosts/content.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import { DAY, HOUR, openWorld, SERVICES, stepsOf, type World } from './world.ts'

const KNOWN = `${CLEAN_UP_PREFIX}markers`
const CONTENTS = Array.from({ length: 12 }, (_, at) => blob(`garbage ${at}`, 50))
const KEPT = blob('kept', 5000)

/** Garbage that was condemned an hour ago, and read by one more run. */
const fill = async (world: World): Promise<void> => {
  await pushImage(world.send, 'kept', 'v1', [KEPT])
  for (const content of CONTENTS) await pushAtOnce(world.send, 'app', content)
  await world.pass(3 * DAY)
  await world.collect()
  await world.pass(3 * DAY)
  await world.collect()
  await world.pass(3 * DAY)
  await world.collect()
  expect(await world.keys(markerKey('sha256:'))).toHaveLength(CONTENTS.length)
  await world.pass(HOUR)
  await world.collect()
}

/** Runs, and counts the markers that it reads. */
const readsOf = async (world: World, options = {}): Promise<number> => {
  let reads = 0
  const counted = (store: ObjectStore) =>
    intercept(store, ({ operation, args }, proceed) => {
      if (operation === 'get' && String(args[0]).startsWith(markerKey('sha256:'))) reads += 1
      return proceed()
    })
  const watching = await openWorld(SERVICES[0]![1], counted, world.model)
  await watching.collect(options)
  return reads
}

describe.each(SERVICES)('on %s', (_, service) => {
  test('a run reads what was written since the last one, and no other', async () => {
    const world = await openWorld(service)
    await fill(world)
    await world.pass(HOUR)
    expect([await readsOf(world), await readsOf(world, { run: false })]).toEqual([0, 0])
    const [first, , third] = CONTENTS as [(typeof CONTENTS)[0], unknown, (typeof CONTENTS)[0]]
    // One is rescued, and taken away by the run: it is read in planning and in acting.
    await pushAtOnce(world.send, 'app', first)
    expect(await readsOf(world)).toBe(2)
    expect(await readsOf(world)).toBe(0)
    // One is gone without the run.
    await world.store.delete([markerKey(third.sha256)])
    // It is condemned anew, which reads that there is none.
    expect([await readsOf(world), await readsOf(world), await readsOf(world)]).toEqual([1, 1, 0])
  })

  const changes: readonly [string, (world: World) => Promise<unknown>][] = [
    ['nothing but time', async () => {}],
    ['a rescue', ({ send }) => pushAtOnce(send, 'app', CONTENTS[3]!)],
    ['the loss of what is known', async ({ store, keys }) => store.delete(await keys(KNOWN))],
    [
      'the loss of a part of it',
      async ({ store, keys }) => store.delete((await keys(`${KNOWN}-`)).slice(0, 1)),
    ],
    ['its damage', ({ store }) => store.put(KNOWN, Buffer.from('damaged'))],
    [
      'a marker written by hand',
      async ({ store }) => {
        const { sha256 } = CONTENTS[5]!
        const stored = await readMarker(store, sha256, () => {})
        const rescued = { state: 'rescued', nonce: newNonce() } as const
        await writeMarker(store, sha256, rescued, { ifMatch: stored!.etag })
      },
    ],
    [
      'markers that are gone',
      ({ store }) => store.delete(CONTENTS.slice(0, 6).map(({ sha256 }) => markerKey(sha256))),
    ],
  ]

  test.each(changes)('after %s a run decides as one that knows nothing', async (_, change) => {
    const world = await openWorld(service)
    await fill(world)
    expect(await world.keys(KNOWN)).toHaveLength(2)
    await change(world)
    const decided: string[][] = []
    for (const span of [0, HOUR, ...new Array(6).fill(3 * DAY)]) {
      await world.pass(span)
      const ignorant = await openWorld(service, undefined, world.model.copy())
      await ignorant.store.delete(await ignorant.keys(KNOWN))
      const without = stepsOf(await ignorant.collect())
      const ran = stepsOf(await world.collect())
      expect(ran).toEqual(without)
      decided.push(ran)
    }
    expect(decided.flat()).not.toEqual([])
    expect(await world.keys(markerKey('sha256:'))).toEqual([])
    expect(await world.keys(KNOWN)).toEqual([])
  })
})

describe('what is noted', () => {
  const digestAt = (at: number): Digest => `sha256:${String(at).padStart(64, '0')}`

  /** Lists all markers, as many at a time. */
  const pagesOf = async (store: ObjectStore, size: number) => {
    const { objects } = await store.list(markerKey('sha256:'))
    const all = objects.map((object) => ({ hex: object.key.slice(-64), object }))
    return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
      all.slice(at * size, (at + 1) * size),
    )
  }

  /** A run: notes all that there is, saved and opened again after each page. @returns how many were known */
  const note = async (store: ObjectStore, size: number): Promise<number> => {
    let known = await openKnownMarkers(store)
    let found = 0
    for (const page of await pagesOf(store, size)) {
      const there = await known.find(page)
      found += there.size
      for (const { hex } of page) {
        const stored = there.get(hex) ?? (await readMarker(store, `sha256:${hex}`, () => {}))
        await known.add(hex, stored!)
      }
      const saved = await known.save()
      known = await openKnownMarkers(store, JSON.parse(JSON.stringify(saved)))
    }
    await known.end()
    return found
  }

  test.each([1, 3, 10, 50])('goes on in another process, %i at a time', async (size) => {
    const { store } = createModel(SERVICES[0]![1])
    const write = (at: number) =>
      writeMarker(
        store,
        digestAt(at),
        { state: 'condemned', nonce: newNonce(), version: `v${at}` },
        { ifNoneMatch: '*' },
      )
    for (let at = 0; at < 30; at += 2) await write(at)
    expect(await note(store, size)).toBe(0)
    expect(await note(store, size)).toBe(15)
    // In the middle, before all, and after all.
    for (const at of [15, 1, 31]) await write(at)
    expect(await note(store, size)).toBe(15)
    expect(await note(store, size)).toBe(18)
    await store.delete([markerKey(digestAt(0)), markerKey(digestAt(31)), markerKey(digestAt(8))])
    expect(await note(store, size)).toBe(15)
    expect(await note(store, size)).toBe(15)
    const [page = []] = await pagesOf(store, 50)
    const known = await (await openKnownMarkers(store)).find(page)
    for (const { hex } of page) {
      expect(known.get(hex)).toEqual(await readMarker(store, `sha256:${hex}`, () => {}))
    }
  })
})
