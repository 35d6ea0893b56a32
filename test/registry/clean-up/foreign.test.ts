/**
 * A run stops where distribution, or Slipway 1.0, seems to write: they link bytes without a look at the marker.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { collect } from '../../../functions/registry/clean-up/collect.ts'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import {
  dataKey,
  layerLinkKey,
  REPOSITORIES_PREFIX,
  revisionLinkKey,
} from '../../../functions/registry/layout.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { blob } from '../../support/hosts/content.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import { DAY, HOUR, openWorld, SERVICES } from './world.ts'

const { sha256 } = blob('a', 10)
const ROOT = `${REPOSITORIES_PREFIX}app`

/** What distribution 2.8.2 writes that Slipway does not: with each tag, and while an upload goes on. */
const FOREIGN = [
  `${ROOT}/_manifests/tags/v1/index/${sha256.replace(':', '/')}/link`,
  `${ROOT}/_uploads/8a0b8e4e-5a4f-4f4e-9d3a-0d8f9a1b2c3d/startedat`,
  `${ROOT}/_uploads/8a0b8e4e-5a4f-4f4e-9d3a-0d8f9a1b2c3d/hashstates/sha256/0`,
]

/** A run that heeds others. */
const OPTIONS = {
  times: { ...TIMES, undelete: 7 * DAY },
  run: true,
  force: false,
  report: () => {},
  note: () => {},
  progress: () => {},
  isOver: () => false,
}

const withoutMetadata = (store: ObjectStore): ObjectStore => ({
  ...store,
  head: async (key) => {
    const info = await store.head(key)
    return info && { ...info, metadata: {} }
  },
})

const filled = async () => {
  const world = await openWorld(SERVICES[0]![1])
  await pushImage(world.send, 'app', 'v1', [blob('kept', 50)])
  await pushImage(world.send, 'zoo', 'v1', [blob('kept, too', 50)])
  await pushAtOnce(world.send, 'zoo', blob('garbage', 50))
  await world.pass(3 * DAY)
  // What was seen before hides nothing.
  await world.collect({ run: false })
  return world
}

/** A store where somebody else has just written, at which each run stops, without doing anything. */
const stoppedBy = async (key: string) => {
  const world = await filled()
  await world.store.put(key, Buffer.from(sha256))
  await world.pass(HOUR)
  for (let at = 0; at < 2; at++) {
    const { collected, things } = await world.collect({ force: false })
    expect(collected).toMatchObject({ outcome: 'refused', foreign: true, why: key })
    expect(things).toEqual([])
  }
  return world
}

test.each(FOREIGN)('%s', async (key) => {
  const world = await stoppedBy(key)
  expect((await world.collect({ force: false, run: false })).things).toHaveLength(1)
  expect((await world.collect({ force: true })).things).toHaveLength(1)
})

describe('links that are not of Slipway, in a store with metadata', () => {
  const LINKS = [layerLinkKey('app', sha256), revisionLinkKey('app', sha256)]

  test.each(LINKS)('%s', async (key) => {
    const world = await stoppedBy(key)
    expect((await world.collect({ force: true })).collected.outcome).toBe('done')
  })

  test('old ones do not count, nor a store without metadata', async () => {
    for (const [age, keeps] of [
      [3 * DAY, true],
      [HOUR, false],
    ] as const) {
      const world = await filled()
      for (const key of LINKS) await world.store.put(key, Buffer.from(sha256))
      await world.pass(age)
      const store = keeps ? world.store : withoutMetadata(world.store)
      const { outcome } = await collect(store, { ...OPTIONS, monotonic: () => 0 })
      expect(outcome).toBe('done')
    }
  })

  test('all that Slipway writes is known, whether it knows the size or not', async () => {
    const world = await filled()
    const old = blob('linked by distribution, long ago', 70)
    await world.store.put(dataKey(old.sha256), old.bytes)
    await world.store.put(layerLinkKey('app', old.sha256), Buffer.from(old.sha256))
    await world.pass(3 * DAY)
    const [gone, kept] = [await pushImage(world.send, 'app', 'v2', [old]), blob('new', 30)]
    await expectStatus(201, world.send(`POST /v2/zoo/blobs/uploads/?mount=${old.sha256}&from=app`))
    await expectStatus(201, world.send(`POST /v2/zoo/blobs/uploads/?mount=${old.sha256}`))
    await expectStatus(202, world.send(`DELETE /v2/app/manifests/${gone.sha256}`))
    await undelete(world.store, 'app', { digest: gone.sha256 })
    await pushImage(world.send, 'zoo', 'v2', [kept])
    await world.pass(HOUR)
    let looks = 0
    const store = intercept(world.store, ({ operation, args }, proceed) => {
      if (operation === 'head' && String(args[0]).endsWith('/link')) looks += 1
      return proceed()
    })
    const { outcome } = await collect(store, { ...OPTIONS, monotonic: () => 0 })
    expect(outcome).toBe('done')
    // The young ones: two manifests, a layer and a mount.
    expect(looks).toBe(4)
  })

  test('so many are looked at in a repository, the latest', async () => {
    const world = await filled()
    await world.store.put(layerLinkKey('app', sha256), Buffer.from(sha256))
    for (const [at, expected] of [
      [49, 'refused'],
      [50, 'done'],
    ] as const) {
      await world.pass(HOUR)
      for (let each = at === 49 ? 0 : 49; each < at; each++) {
        await pushAtOnce(world.send, 'app', blob(`young ${each}`, 20))
      }
      expect((await world.collect({ force: false })).collected.outcome).toBe(expected)
    }
  })
})

test('what it has written long ago does not count, nor what Slipway writes', async () => {
  const world = await filled()
  for (const key of FOREIGN) await world.store.put(key, Buffer.from(sha256))
  await world.pass(3 * DAY)
  await pushImage(world.send, 'app', 'v2', [blob('young', 50)])
  await world.pass(HOUR)
  const { collected, things } = await world.collect({ force: false })
  expect(collected.outcome).toBe('done')
  expect(things).toHaveLength(1)
})
