/**
 * The usage that a walk leaves: what a naive count of all links and things says, to the byte.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { dataKey, markerKey, REPOSITORIES_PREFIX } from '../../../functions/registry/layout.ts'
import { parseLink } from '../../../functions/registry/links.ts'
import {
  PART,
  USAGE_KEY,
  USAGE_PARTS_PREFIX,
  usagePartKey,
} from '../../../functions/registry/usage/document.ts'
import {
  GOING,
  KEPT,
  numberedLink,
  openTally,
  WAITING,
} from '../../../functions/registry/usage/tally.ts'
import {
  type RepositoryUsage,
  readUsage,
  type Usage,
  UsageChanged,
} from '../../../functions/registry/usage/usage.ts'
import { writeUsage } from '../../../functions/registry/usage/write.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { createModel } from '../../interleavings/model.ts'
import { blob, CONFIG, imageOf } from '../../support/hosts/content.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { DAY, openWorld, type Ran, SERVICES, type World } from '../clean-up/world.ts'

const NAMES = ['app', 'app/1', 'app/part', 'app-2', 'other'] as const
const BLOBS = Array.from({ length: 7 }, (_, at) => blob(`usage ${at}`, 1000 * 2 ** at))

const randomOf = (seed: number) => (): number => {
  seed = (seed * 1664525 + 1013904223) % 2 ** 32
  return seed / 2 ** 32
}

const collectAll = async (usage: Usage): Promise<RepositoryUsage[]> => {
  const all: RepositoryUsage[] = []
  for await (const each of usage.repositories()) all.push(each)
  return all
}

const allOf = async (store: ObjectStore): Promise<RepositoryUsage[]> => {
  const usage = await readUsage(store)
  return usage === undefined ? [] : await collectAll(usage)
}

/** What stands of each link: by its body, and by what a dry run wants to do with it. */
const naive = async ({ store, keys }: World, { things }: Ran) => {
  const steps = new Map(things.map(({ key, step }) => [key, step]))
  const sizeOf = async (digest: string) => (await store.head(dataKey(digest)))?.size ?? 0
  const uses = new Map<string, Map<string, 'kept' | 'condemned' | 'reclaimable'>>()
  const names = new Set<string>()
  for (const key of await keys(REPOSITORIES_PREFIX)) {
    const name = key.slice(REPOSITORIES_PREFIX.length, key.indexOf('/_'))
    names.add(name)
    if (!/\/_layers\/|\/revisions\//.test(key)) continue
    const read = await store.get(key)
    const body = parseLink(await readAll(read!.body, 1000))
    const step = steps.get(key)
    const plain = body?.condemned === undefined && body?.deletedWithin === undefined
    const stays = plain ? 'kept' : 'condemned'
    const use = step === undefined ? stays : /^keep/.test(step) ? 'kept' : 'reclaimable'
    const of = uses.get(body!.target) ?? new Map()
    const order = ['kept', 'condemned', 'reclaimable']
    if (order.indexOf(use) < order.indexOf(of.get(name) ?? 'none') || !of.has(name))
      of.set(name, use)
    uses.set(body!.target, of)
  }
  const rows = new Map(
    [...names].map((name) => [name, { own: 0, shared: 0, condemned: 0, reclaimable: 0 }]),
  )
  const pool = { kept: 0, condemned: 0, reclaimable: 0 }
  for (const key of await keys('docker/registry/v2/blobs/')) {
    const digest = `sha256:${key.split('/').at(-2)}`
    const size = await sizeOf(digest)
    const of = uses.get(digest)
    for (const [name, use] of of ?? []) {
      const row = rows.get(name)!
      row[of!.size === 1 ? 'own' : 'shared'] += size
      if (use !== 'kept') row[use] += size
    }
    const all = new Set(of?.values())
    const marker = await store.get(markerKey(digest))
    const state = marker && (await readAll(marker.body, 2000)).toString().split(' ')[0]
    if (of === undefined) {
      const goes = things.some(({ digest: each, step }) => each === digest && /-data$/.test(step))
      pool[goes ? 'reclaimable' : state === 'condemned' ? 'condemned' : 'kept'] += size
    } else if (all.has('kept')) pool.kept += size
    else pool[all.has('condemned') ? 'condemned' : 'reclaimable'] += size
  }
  return { rows: Object.fromEntries(rows), pool }
}

const step = async ({ send }: World, random: () => number): Promise<void> => {
  const any = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  const [name, one, kind] = [any(NAMES), any(BLOBS), random()]
  const image = imageOf([one])
  if (kind < 0.2) await pushAtOnce(send, name, one)
  else if (kind < 0.3)
    await expectStatus(201, send(`POST /v2/${name}/blobs/uploads/?digest=${one.sha512}`, one.bytes))
  else if (kind < 0.45)
    await send(`POST /v2/${name}/blobs/uploads/?mount=${one.sha256}&from=${any(NAMES)}`)
  else if (kind < 0.75) {
    for (const each of [CONFIG, one]) await pushAtOnce(send, name, each)
    await pushManifest(send, name, random() < 0.5 ? 'v1' : image.sha256, image)
  } else if (kind < 0.9) await send(`DELETE /v2/${name}/manifests/${image.sha256}`)
  else await send(`DELETE /v2/${name}/blobs/${one.sha256}`)
}

describe.each(SERVICES)('on %s', (_, service) => {
  test.each([1, 2, 3])('a walk counts what a naive one counts, seed %i', async (seed) => {
    const random = randomOf(seed)
    const world = await openWorld(service)
    const seen = { condemned: 0, reclaimable: 0, shared: 0, removed: 0 }
    for (let at = 0; at < 100; at++) {
      await step(world, random)
      if (random() < 0.7) continue
      await world.pass(random() * 5 * DAY)
      const shown = await world.collect({ run: false })
      const counted = await readUsage(world.store)
      const { rows, pool } = await naive(world, shown)
      const all = await allOf(world.store)
      expect(Object.fromEntries(all.map(({ name, ...bytes }) => [name, bytes]))).toEqual(rows)
      expect(counted).toMatchObject({ count: all.length, pool, removed: undefined })
      for (const each of NAMES)
        expect(await counted?.of(each)).toEqual(all.find(({ name }) => name === each))
      seen.condemned += pool.condemned
      seen.reclaimable += pool.reclaimable
      seen.shared += all.reduce((sum, { shared }) => sum + shared, 0)
      const { collected } = await world.collect()
      // A run counts what is there before it changes anything, and then says what it took.
      const after = await readUsage(world.store)
      expect(after?.pool).toEqual(pool)
      if (collected.outcome !== 'done') throw new Error(collected.outcome)
      const took = collected.done.steps['remove-data'] ?? { things: 0, bytes: 0 }
      expect(after?.removed).toEqual(took)
      seen.removed += took.bytes
    }
    for (const sum of Object.values(seen)) expect(sum).toBeGreaterThan(0)
  })
})

test('a repository that links data by two digests has it once, and keeps it by either', async () => {
  const world = await openWorld(SERVICES[0]![1])
  const [one] = BLOBS
  await pushAtOnce(world.send, 'app', one!)
  await expectStatus(
    201,
    world.send(`POST /v2/app/blobs/uploads/?digest=${one!.sha512}`, one!.bytes),
  )
  await world.collect({ run: false })
  expect(await allOf(world.store)).toEqual([
    { name: 'app', own: 1000, shared: 0, condemned: 0, reclaimable: 0 },
  ])
})

/** As many repositories as fill two parts and a bit, all with one blob in common. */
const COUNT = 2 * PART + 3
const names = Array.from({ length: COUNT }, (_, at) => `r${String(at).padStart(6, '0')}`)

async function* encoded(all: readonly string[]): AsyncGenerator<Buffer> {
  for (const each of all) yield Buffer.from(each)
}

const written = async () => {
  const { store } = createModel(SERVICES[0]![1])
  const tally = openTally()
  tally.add(
    7,
    names.map((_, at) => numberedLink(at, KEPT)),
    KEPT,
  )
  for (const at of names.keys()) tally.add(at, [numberedLink(at, KEPT)], KEPT)
  await writeUsage(store, { date: 0, names: encoded(names), tally })
  return store
}

test('many repositories are in parts, of which one is read for one of them', async () => {
  const store = await written()
  const reads: string[] = []
  const get: ObjectStore['get'] = (key, range) => {
    reads.push(key)
    return store.get(key, range)
  }
  const usage = await readUsage({ ...store, get })
  expect(reads.splice(0)).toEqual([USAGE_KEY])
  for (const at of [0, PART - 1, PART, 2 * PART, COUNT - 1]) {
    expect(await usage?.of(names[at]!)).toMatchObject({ name: names[at], own: at, shared: 7 })
    expect(reads.splice(0)).toHaveLength(1)
  }
  expect(await usage?.of('r000000x')).toBeUndefined()
  expect(await usage?.of('a')).toBeUndefined()
  const all = await collectAll(usage!)
  expect(all.map(({ name }) => name)).toEqual(names)
  expect(usage?.pool).toEqual({ kept: 7 + (COUNT * (COUNT - 1)) / 2, condemned: 0, reclaimable: 0 })
})

test('a walk takes the place of the one before, whose reader is told', async () => {
  const store = await written()
  const before = await readUsage(store)
  await writeUsage(store, { date: DAY, names: encoded(['a']), tally: openTally() })
  const { objects } = await store.list(USAGE_PARTS_PREFIX)
  expect(objects).toHaveLength(1)
  await expect(before?.of(names[0]!)).rejects.toThrow(UsageChanged)
  expect(await allOf(store)).toMatchObject([{ name: 'a', own: 0 }])
})

test.each([
  ['another version', '{"version":2}'],
  ['what is no JSON', '{'],
  ['what is too large', ' '.repeat(2 ** 20 + 1)],
])('a head with %s is none', async (_, head) => {
  const store = await written()
  await store.put(USAGE_KEY, Buffer.from(head))
  expect(await readUsage(store)).toBeUndefined()
})

test.each(['', '["a",1,2,3]', '["a",1,2,3,-4]', '{}'])(
  'a part with %j is damaged',
  async (line) => {
    const { store } = createModel(SERVICES[0]![1])
    await writeUsage(store, { date: 0, names: encoded(['a']), tally: openTally() })
    const head = JSON.parse((await readAll((await store.get(USAGE_KEY))!.body, 1000)).toString())
    await store.put(usagePartKey(head.id, 0), Buffer.from(line))
    await expect((await readUsage(store))?.of('a')).rejects.toThrow('is not there, or damaged')
  },
)

test('a tally goes on where another has ended', () => {
  const [first, whole] = [openTally(), openTally()]
  const links = [numberedLink(3, KEPT), numberedLink(5, GOING)]
  for (const each of [first, whole]) each.add(10, links, KEPT)
  const second = openTally(Buffer.from(first.bytes()))
  for (const each of [second, whole]) {
    each.add(2 ** 40, [numberedLink(2000, WAITING)], KEPT)
    each.add(5, [], GOING)
  }
  expect(second.pool).toEqual({ kept: 10, condemned: 2 ** 40, reclaimable: 5 })
  for (const at of [0, 3, 5, 2000, 3000]) expect(second.of(at)).toEqual(whole.of(at))
  expect(second.of(5)).toEqual({ own: 0, shared: 10, condemned: 0, reclaimable: 10 })
  expect(second.bytes()).toEqual(whole.bytes())
})
