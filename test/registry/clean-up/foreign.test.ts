/**
 * A run stops where distribution, or Slipway 1.0, seems to write: they link bytes without a look at the marker.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { REPOSITORIES_PREFIX } from '../../../functions/registry/layout.ts'
import { blob } from '../../support/hosts/content.ts'
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

test.each(FOREIGN)('%s', async (key) => {
  const world = await filled()
  await world.store.put(key, Buffer.from(sha256))
  await world.pass(HOUR)
  for (let at = 0; at < 2; at++) {
    const { collected, things } = await world.collect({ force: false })
    expect(collected).toMatchObject({ outcome: 'refused', foreign: true, why: key })
    expect(things).toEqual([])
  }
  expect((await world.collect({ force: false, run: false })).things).toHaveLength(1)
  expect((await world.collect({ force: true })).things).toHaveLength(1)
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
