/**
 * A second run with nothing changed reads the listings, and what the first one has noted; and decides as one that
 * knows nothing.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import {
  CLEAN_UP_PREFIX,
  layerLinkKey,
  RETENTION_KEY,
  revisionLinkKey,
  tagLinkKey,
} from '../../../functions/registry/layout.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { blob, imageOf } from '../../support/hosts/content.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import { DAY, HOUR, openWorld, SERVICES, stepsOf, type World } from './world.ts'

const LAYER = blob('layer', 100)
const IMAGE = imageOf([LAYER])
const SEEN = `${CLEAN_UP_PREFIX}seen`
const LONG = 30 * DAY

/** Reads and writes of a run by kind, and by what is read. */
const costOf = async (world: World): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  const counted = (store: ObjectStore) =>
    intercept(store, ({ operation, args }, proceed) => {
      const key = String(args[0])
      const what =
        /\/(?:repositories|blobs)\//.test(key) && operation !== 'list' ? 'content' : operation
      counts[what] = (counts[what] ?? 0) + 1
      return proceed()
    })
  const watching = await openWorld(SERVICES[0]![1], counted, world.model)
  expect(stepsOf(await watching.collect())).toEqual([])
  return counts
}

/** Repositories with a tag, an untagged manifest and a deleted one. */
const fill = async (world: World, repositories: number): Promise<void> => {
  for (let at = 0; at < repositories; at++) {
    const name = `team/app-${at}`
    await pushImage(world.send, name, 'v1', [blob(`${at}`, 100)])
    await pushImage(world.send, name, 'v1', [LAYER])
    const gone = await pushImage(world.send, name, 'v2', [blob(`${at} gone`, 100)])
    await world.send(`DELETE /v2/${name}/manifests/${gone.sha256}`)
  }
  await world.pass(3 * DAY)
}

describe('a second run', () => {
  test.each([
    [10, 1],
    [40, 1],
    // 9 links, tags and blobs each: more than a page of either.
    [200, 2],
  ])(
    'of %i repositories costs the listings, and otherwise as much as of one',
    async (repositories, pages) => {
      const world = await openWorld(SERVICES[0]![1])
      await fill(world, repositories)
      const first = await costOf(world)
      // Three manifests, and the link of the deleted one.
      expect(first.content).toBeGreaterThanOrEqual(2 * repositories)
      const second = await costOf(world)
      const small = await openWorld(SERVICES[0]![1])
      await fill(small, 1)
      await costOf(small)
      const least = await costOf(small)
      expect(second.content).toBeUndefined()
      const { list = 0, get = 0, ...rest } = second
      const { list: leastLists = 0, get: leastGets = 0, ...least0 } = least
      // The links and the pool, page by page.
      expect(list - leastLists).toBe(pages - 1)
      // Of what was noted: the list, and one object for each 4096 repositories.
      expect(get - leastGets).toBe(0)
      expect({ ...rest, delete: 0 }).toEqual({ ...least0, delete: 0 })
      expect(await costOf(world)).toEqual(second)
    },
  )
})

describe.each(SERVICES)('on %s', (_, service) => {
  const changes: readonly [string, (world: World) => Promise<unknown>, object?][] = [
    ['a blob that is not needed', ({ send }) => pushAtOnce(send, 'app', blob('new', 50))],
    ['a link that is gone', ({ store }) => store.delete([revisionLinkKey('app', IMAGE.sha256)])],
    ['a tag that is gone', ({ store }) => store.delete([tagLinkKey('app', 'v1')])],
    ['a deleted manifest', ({ send }) => send(`DELETE /v2/app/manifests/${IMAGE.sha256}`)],
    [
      'a link condemned by hand',
      ({ store }) =>
        store.put(
          layerLinkKey('app', LAYER.sha256),
          Buffer.from(`${LAYER.sha256} condemned 0123456789abcdef`),
        ),
    ],
    ['other times', async () => {}, { times: { ...TIMES, undelete: 3 * DAY } }],
    [
      'other rules',
      ({ store }) =>
        store.put(
          RETENTION_KEY,
          Buffer.from(
            JSON.stringify({
              version: 1,
              immutable: [],
              rules: [
                { name: 'all', repositories: ['**'], tags: ['*'], remove: { notPushedFor: '10d' } },
              ],
            }),
          ),
        ),
    ],
    ['nothing but time', async () => {}],
    ['its damage', ({ store }) => store.put(SEEN, Buffer.from('damaged'))],
    ['its loss', async ({ store, keys }) => store.delete((await keys(`${SEEN}/`)).slice(0, 1))],
  ]

  test.each(changes)(
    'after %s a run decides as one that knows nothing',
    async (_, change, options) => {
      const world = await openWorld(service)
      await pushImage(world.send, 'app', 'v1', [LAYER])
      await pushImage(world.send, 'app/b', 'v1', [LAYER])
      await pushImage(world.send, 'zoo', 'v1', [blob('z', 10)])
      const old = await pushImage(world.send, 'zoo', 'v2', [blob('old', 10)])
      await world.send(`DELETE /v2/zoo/manifests/${old.sha256}`)
      await world.pass(3 * DAY)
      await world.collect(options)
      expect(await world.keys(SEEN)).not.toEqual([])
      await change(world)
      const decided: string[][] = []
      for (const span of [0, HOUR, 3 * DAY, LONG, LONG]) {
        await world.pass(span)
        const ignorant = await openWorld(service, undefined, world.model.copy())
        await ignorant.store.delete(await ignorant.keys(SEEN))
        const without = stepsOf(await ignorant.collect(options))
        const ran = stepsOf(await world.collect(options))
        expect(ran).toEqual(without)
        decided.push(ran)
      }
      expect(decided.flat()).not.toEqual([])
    },
  )
})
