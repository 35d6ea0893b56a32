/**
 * What runs of the clean-up cost, to the call, over registries that are computed; and that those are what they
 * should be.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openDirect } from '../../bench/clean-up/direct.ts'
import { linksOf, type Shape } from '../../bench/clean-up/shape.ts'
import { openWorld } from '../../bench/clean-up/world.ts'
import { callsOfRun, STORES } from '../../bench/clean-up-costs.ts'
import { runsChart, runsTable } from '../../bench/page/clean-up.ts'
import { collect } from '../../functions/registry/clean-up/collect.ts'
import { TIMES } from '../../functions/registry/clean-up/terms.ts'
import { intercept } from '../support/rig/intercept.ts'

const HOUR = 3_600_000

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
    /** @param pauses after so many it is stopped; another one goes on */
    async run(pauses = Number.POSITIVE_INFINITY): Promise<{
      calls: Record<string, number>
      steps: Record<string, number>
      outcome: string
    }> {
      let left = pauses
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
        isOver: () => left-- <= 0,
        monotonic: () => 0,
      })
      if (!('done' in collected)) throw new Error(collected.outcome)
      const steps = Object.entries(collected.done.steps).map(([step, { things }]) => [step, things])
      return { calls, steps: Object.fromEntries(steps), outcome: collected.outcome }
    },
  }
}

/** What there is of a registry, and how much of its data has no link. */
const storedOf = (shape: Shape) => {
  const { repositories, images, blobs } = shape
  const manifests = repositories * images
  const orphans = Math.ceil((manifests * blobs) / 1000)
  const data = manifests * (blobs + 1) + orphans
  return { stored: { repositories, links: linksOf(shape), manifests, data }, orphans }
}

describe.each<Shape>([
  { repositories: 1, images: 1, blobs: 1 },
  { repositories: 40, images: 2, blobs: 9 },
  { repositories: 49, images: 3, blobs: 30 },
])('$repositories repositories of $images images of $blobs blobs', (shape) => {
  const { stored, orphans } = storedOf(shape)

  test('a run costs the listings, a read for each manifest, and little else', async () => {
    const { run, pass } = runsOn(shape)
    const expected = callsOfRun(stored, 'first')
    const first = await run()
    expect(first.steps).toEqual({ 'condemn-data': orphans })
    // Of data that goes: its marker is read, the data looked at, the marker written.
    expect(first.calls).toEqual({
      list: expected.ListObjectsV2,
      listMultiparts: 1,
      get: expected.GetObject! + orphans,
      head: 1 + orphans,
      put: expected.PutObject! + orphans,
      delete: 1,
      deleteIf: 1,
    })
    pass(HOUR)
    // It reads the markers that the first has written.
    const second = await run()
    expect(second.steps).toEqual({})
    const { ListObjectsV2, GetObject, PutObject } = callsOfRun(stored, 'unchanged')
    expect(second.calls.get).toBe(GetObject! + orphans)
    // From then on, listings alone, and what is noted: one read more is for what is known of markers.
    const unchanged = {
      list: ListObjectsV2,
      listMultiparts: 1,
      get: GetObject! + 1,
      head: 1,
      put: PutObject,
      delete: 2,
      deleteIf: 1,
    }
    for (const span of [HOUR, HOUR, 20 * HOUR]) {
      pass(span)
      expect(await run()).toEqual({ calls: unchanged, steps: {}, outcome: 'done' })
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

test('a stop costs as many calls, however large the registry is', async () => {
  const total = ({ calls }: { readonly calls: Record<string, number> }): number =>
    Object.values(calls).reduce((sum, count) => sum + count, 0)
  const costOfStop = async (shape: Shape, pauses: number): Promise<number> => {
    const whole = await runsOn(shape).run()
    const { run } = runsOn(shape)
    let [calls, stops] = [0, 0]
    for (;;) {
      const part = await run(pauses)
      calls += total(part)
      if (part.outcome === 'done') {
        expect(part.steps).toEqual(whole.steps)
        return (calls - total(whole)) / stops
      }
      stops += 1
    }
  }
  const costs = [
    await costOfStop({ repositories: 20, images: 1, blobs: 3 }, 7),
    await costOfStop({ repositories: 49, images: 3, blobs: 30 }, 19),
  ]
  for (const cost of costs) expect(cost).toBeLessThanOrEqual(26)
})

test('10,000,000 links are written down in runs, and read in blocks that fit into memory', () => {
  const [, , large] = STORES
  const { GetObject, PutObject, ListObjectsV2 } = callsOfRun(large!, 'unchanged')
  // 152 runs of 65,536, and 10 parts of usage; blocks of 3,046 links; what was seen, in 25 objects.
  expect([PutObject, GetObject]).toEqual([152 + 10 + 5, 152 * 22 + 25 + 8])
  expect(ListObjectsV2).toBe(10_200 + 10_000 + 100 + 8)
})

test('docs/clean-up.md has the costs as they are computed, and its chart', () => {
  const read = (path: string) =>
    readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
  expect(read('clean-up.md')).toContain(runsTable())
  expect(read('benchmarks/clean-up.svg')).toBe(runsChart())
})
