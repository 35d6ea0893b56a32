/**
 * Repositories that come from an upstream go where there are too many bytes of them: those that were last pulled
 * longest ago, and no other.
 *
 * @module
 */

import { beforeEach, describe, expect, test } from 'vitest'
import { evictedOf } from '../../functions/compose/evicted.ts'
import {
  FETCHED_PREFIX,
  fetchedMarkKey,
  fetchedTagKey,
  pulledKey,
  RETENTION_KEY,
  UPSTREAMS_KEY,
} from '../../functions/registry/layout.ts'
import { sayRecorded } from '../../functions/registry/pulls/record.ts'
import { DAY, openWorld, SERVICES, type World } from '../registry/clean-up/world.ts'
import { blob, imageOf } from '../support/hosts/content.ts'
import { expectStatus } from '../support/rig/client.ts'
import { pushImage, pushManifest } from '../support/rig/push.ts'

const LAYER = 10_000
const layerOf = (name: string) => blob(name, LAYER)

describe.each(SERVICES)('on %s', (_, service) => {
  let world: World
  let now: () => number

  const set = (size: string, prefix = 'hub') => {
    const upstreams = [{ name: 'hub', host: 'hub.example', prefix, size }]
    return world.store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
  }
  const pull = async (name: string, digest: string) => {
    await world.store.put(pulledKey(name, digest), Buffer.of())
    await sayRecorded(world.store, now())
  }
  /** As it is after a fetch, and the pull that caused it. */
  const fetched = async (name: string) => {
    await world.store.put(fetchedMarkKey(name), Buffer.of())
    const { sha256 } = await pushImage(world.send, name, 'v1', [layerOf(name)])
    await world.store.put(fetchedTagKey(name, 'v1'), Buffer.from('{}'))
    await pull(name, sha256)
    return sha256
  }
  const collect = () => world.collect({ findEvicted: evictedOf(world.store) })
  const has = async (name: string) =>
    (await world.send(`GET /v2/${name}/manifests/v1`)).status === 200

  /** Lets days pass; pulls are recorded all the while. */
  const days = async (count: number) => {
    for (let day = 0; day < count; day++) {
      await world.pass(DAY)
      await sayRecorded(world.store, now())
    }
  }

  beforeEach(async () => {
    world = await openWorld(service)
    now = () => world.model.clock.now
    await sayRecorded(world.store, now())
  })

  test('the least recently pulled goes, whole, and its bytes come free without an undelete', async () => {
    const digests = new Map<string, string>()
    for (const name of ['hub/a', 'hub/b', 'hub/c', 'own/d']) digests.set(name, await fetched(name))
    await days(5)
    for (const name of ['hub/a', 'hub/c']) await pull(name, digests.get(name)!)
    await days(3)
    await set('25 kB')
    // Nobody has counted yet.
    expect((await collect()).things).toEqual([])
    const { things } = await collect()
    expect(things).toMatchObject([
      { step: 'remove-tag', repository: 'hub/b', tag: 'v1', rule: '(size of upstream hub)' },
    ])
    for (let day = 0; day < 16; day++) {
      await days(1)
      for (const name of ['hub/a', 'hub/c']) await pull(name, digests.get(name)!)
      await collect()
    }
    expect(await world.has(layerOf('hub/b').sha256)).toBe(false)
    for (const name of ['hub/a', 'hub/c', 'own/d']) {
      expect(await has(name)).toBe(true)
      expect(await world.has(layerOf(name).sha256)).toBe(true)
    }
    expect((await collect()).things).toEqual([])
    expect(await world.keys(`${FETCHED_PREFIX}hub/b`)).toEqual([fetchedMarkKey('hub/b')])
  })

  test('what was pulled since it was decided stays', async () => {
    const digest = await fetched('hub/a')
    await days(5)
    await set('1 kB')
    await collect()
    await pull('hub/a', digest)
    expect((await collect()).things).toEqual([])
    expect(await has('hub/a')).toBe(true)
  })

  test('what is young, or was here before, or has more than was fetched stays', async () => {
    await pushImage(world.send, 'hub/own', 'v1', [layerOf('own')])
    await fetched('hub/more')
    await pushManifest(world.send, 'hub/more', 'pushed', imageOf([]))
    await days(5)
    await fetched('hub/young')
    await set('1 kB')
    await collect()
    const { things, notes } = await collect()
    expect(things).toEqual([])
    expect(notes.join()).toMatch(/upstream hub has too much: what is left was pulled within two/)
  })

  test('nothing goes where pulls are not recorded, or a rule keeps it', async () => {
    await fetched('hub/a')
    await days(5)
    const keep = [{ name: 'all', repositories: ['hub/**'], tags: ['*'], keep: 'always' }]
    await world.store.put(RETENTION_KEY, Buffer.from(JSON.stringify({ version: 1, rules: keep })))
    await set('1 kB')
    await collect()
    expect((await collect()).things).toEqual([])
    await world.store.delete([RETENTION_KEY])
    // Nobody has said so for long.
    await world.pass(10 * DAY)
    await collect()
    const { things, notes } = await collect()
    expect(things).toEqual([])
    expect(notes.join()).toMatch(/pulls are not recorded/)
  })

  test('untagged manifests go, too; a document that is none lets all stay', async () => {
    await fetched('hub/a')
    const other = imageOf([], { annotations: { a: 'digest' } })
    await pushManifest(world.send, 'hub/a', other.sha256, other)
    await days(5)
    await world.store.put(UPSTREAMS_KEY, Buffer.from('{'))
    await collect()
    const { things, notes } = await collect()
    expect(things).toEqual([])
    expect(notes.join()).toMatch(/the upstreams cannot be read/)
    await set('1 kB')
    await collect()
    for (let day = 0; day < 8; day++) {
      await days(1)
      await collect()
    }
    await expectStatus(404, world.send(`GET /v2/hub/a/manifests/${other.sha256}`))
  })
})
