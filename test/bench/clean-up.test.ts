/**
 * What runs of the clean-up cost, to the call, over registries that are computed; and that those are what they
 * should be.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { openDirect } from '../../bench/clean-up/direct.ts'
import { linksOf, type Shape } from '../../bench/clean-up/shape.ts'
import { openWorld } from '../../bench/clean-up/world.ts'
import { collect } from '../../functions/registry/clean-up/collect.ts'
import { TIMES } from '../../functions/registry/clean-up/terms.ts'
import { intercept } from '../support/rig/intercept.ts'

const HOUR = 3_600_000
const PAGE = 1000

/** Runs one after the other on a registry, and what each asked the store for. */
const runsOn = (shape: Shape) => {
  const world = openWorld(shape)
  let now = Date.UTC(2026, 5, 1)
  const store = openDirect(world, () => new Date(now))
  return {
    pass(span: number): void {
      now += span
    },
    push: (): number => world.push(new Date(now)),
    async run(): Promise<{ calls: Record<string, number>; steps: Record<string, number> }> {
      const calls: Record<string, number> = {}
      const counted = intercept(store, ({ operation }, proceed) => {
        calls[operation] = (calls[operation] ?? 0) + 1
        return proceed()
      })
      const collected = await collect(counted, {
        times: TIMES,
        run: true,
        force: false,
        closed: true,
        report: () => {},
        note: () => {},
        progress: () => {},
        isOver: () => false,
        monotonic: () => 0,
      })
      if (collected.outcome !== 'done') throw new Error(collected.outcome)
      const steps = Object.entries(collected.done.steps).map(([step, { things }]) => [step, things])
      return { calls, steps: Object.fromEntries(steps) }
    },
  }
}

/** Listings of so many objects. */
const pages = (objects: number): number => Math.max(1, Math.ceil(objects / PAGE))

/** What there is of a registry: links and tags, data, and data without a link. */
const countsOf = (shape: Shape) => {
  const manifests = shape.repositories * shape.images
  const blobs = manifests * shape.blobs
  const orphans = Math.ceil(blobs / 1000)
  const data = blobs + orphans + manifests
  return { manifests, orphans, listed: pages(linksOf(shape) + manifests) + pages(data) }
}

/** Listings of markers, marks, referrers, aliases, records of pulls and deletes, staged bytes, and others' notes. */
const OTHER_LISTS = 8

describe.each<Shape>([
  { repositories: 1, images: 1, blobs: 1 },
  { repositories: 40, images: 2, blobs: 9 },
  { repositories: 49, images: 3, blobs: 30 },
])('$repositories repositories of $images images of $blobs blobs', (shape) => {
  const { manifests, orphans, listed } = countsOf(shape)

  test('a run costs the listings, a read for each manifest, and little else', async () => {
    const { run, pass } = runsOn(shape)
    const first = await run()
    expect(first.steps).toEqual({ 'condemn-data': orphans })
    // Of data that goes: its marker is read, the data looked at, the marker written.
    expect(first.calls).toEqual({
      list: listed + OTHER_LISTS + 2,
      listMultiparts: 1,
      get: manifests + orphans + 7,
      head: orphans + 1,
      put: orphans + 8,
      delete: 1,
      deleteIf: 1,
    })
    pass(HOUR)
    // It reads the markers that the first has written.
    const second = await run()
    expect(second.steps).toEqual({})
    expect(second.calls.get).toBe(orphans + 8)
    // From then on, listings alone; what is noted of repositories, markers and looks are five reads of the nine.
    const unchanged = {
      list: listed + OTHER_LISTS,
      listMultiparts: 1,
      get: 9,
      head: 1,
      put: 6,
      delete: 2,
      deleteIf: 1,
    }
    for (const span of [HOUR, HOUR, 20 * HOUR]) {
      pass(span)
      expect(await run()).toEqual({ calls: unchanged, steps: {} })
    }
  })
})

test('after a push to one of a hundred repositories its manifests are read, and nothing else', async () => {
  const shape: Shape = { repositories: 20, images: 2, blobs: 5 }
  const { run, pass, push } = runsOn(shape)
  for (let at = 0; at < 3; at++) {
    await run()
    pass(HOUR)
  }
  const before = await run()
  expect(push()).toBe(shape.blobs + 1)
  pass(HOUR)
  const after = await run()
  expect(after.steps).toEqual({})
  // The two that were there, the new one, and the part of what is noted that has changed.
  expect((after.calls.get ?? 0) - (before.calls.get ?? 0)).toBe(shape.images + 1)
})
