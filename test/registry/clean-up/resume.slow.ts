/**
 * A run that is stopped and goes on in another process, from its checkpoint.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { checkpointSince } from '../../../functions/registry/clean-up/checkpoint.ts'
import type { Collected } from '../../../functions/registry/clean-up/collect.ts'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import type { Thing } from '../../../functions/registry/clean-up/thing.ts'
import { CLEAN_UP_PREFIX, catalogKey, FENCE_KEY } from '../../../functions/registry/layout.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ListOptions, ObjectStore } from '../../../functions/storage/store.ts'
import { blob } from '../../support/hosts/content.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import { fill, LONG } from './stages.ts'
import { DAY, HOUR, openWorld, type Ran, SERVICES, stepsOf, type World } from './world.ts'

const CHECKPOINT = `${CLEAN_UP_PREFIX}checkpoint`

/** Says stop when it is asked for n-th time. */
const stopAfter = (times: number) => {
  let left = times
  return () => left-- <= 0
}

/** Runs until a run has ended, each process stopped after so many steps. @returns all that was done */
const inStages = async (
  world: World,
  steps: number,
  between: () => Promise<void>,
): Promise<{
  readonly things: Ran['things']
  readonly ended: Collected
  readonly stops: number
}> => {
  const things: Ran['things'][number][] = []
  for (let stops = 0; ; stops++) {
    const ran = await world.collect({ isOver: stopAfter(steps) })
    things.push(...ran.things)
    if (ran.collected.outcome !== 'stopped') return { things, ended: ran.collected, stops }
    await between()
  }
}

/** Keys of what belongs to a run that has not ended. */
const runKeys = async ({ keys }: World): Promise<string[]> =>
  (await keys(CLEAN_UP_PREFIX)).filter((key) => !/\/(?:usage|seen|looked|markers)/.test(key))

/** Everything but nonces and what was written when. */
const contents = async ({ keys, store }: World) => {
  const found: [string, number | undefined][] = []
  for (const key of await keys('')) {
    found.push([
      key.replace(/(usage-|seen-|markers-)[0-9a-f]+-?\d*/, '$1'),
      (await store.head(key))?.size,
    ])
  }
  return found
}

describe.each(SERVICES)('on %s', (_, service) => {
  test('stopped after every step, it does what an undisturbed one does, by its first date', async () => {
    const filled = await openWorld(service)
    await fill(filled)
    for (let at = 0; at < 40; at++) await pushAtOnce(filled.send, `many/${at}`, blob(`${at}`, 50))
    await filled.pass(LONG)
    const opened = () => openWorld(service, undefined, filled.model.copy())
    const whole = await opened()
    const undisturbed = await whole.collect()
    expect(undisturbed.things.length).toBeGreaterThan(40)
    for (const steps of [1, 2, 3, 7]) {
      const world = await opened()
      const began = new Date(world.model.clock.now)
      const { things, ended, stops } = await inStages(world, steps, () => world.pass(HOUR))
      expect(stops).toBeGreaterThan(8)
      expect(stepsOf({ ...undisturbed, things })).toEqual(stepsOf(undisturbed))
      expect(ended).toEqual({ ...undisturbed.collected, began })
      expect(await contents(world)).toEqual(await contents(whole))
    }
  })

  test('a kind of litter that takes longer than a process is gone on with, page by page', async () => {
    const marks = 1100
    const filled = await openWorld(service)
    for (let at = 0; at < marks; at++) {
      await filled.store.put(catalogKey(`gone/${String(at).padStart(4, '0')}`), new Uint8Array())
    }
    await filled.pass(LONG)
    const opened = (around?: (store: ObjectStore) => ObjectStore) =>
      openWorld(service, around, filled.model.copy())
    const whole = await opened()
    await whole.collect()
    let looks = 0
    const world = await opened((store) =>
      intercept(store, ({ operation, args }, proceed) => {
        if (operation === 'list' && (args[1] as ListOptions | undefined)?.limit === 1) looks += 1
        return proceed()
      }),
    )
    const things: Thing[] = []
    let stops = 0
    for (; stops < 30; stops++) {
      const ran = await world.collect({ isOver: stopAfter(1) })
      things.push(...ran.things)
      if (ran.collected.outcome === 'done') break
    }
    // Two pages of marks and one of each of nine other kinds when it is planned, two when it is done; the last
    // process ends instead of stopping.
    expect(stops).toBe(12)
    expect(things).toHaveLength(marks)
    expect(new Set(things.map(({ key }) => key)).size).toBe(marks)
    // Each once for the plan, and once for the act.
    expect(looks).toBe(2 * marks)
    expect(await contents(world)).toEqual(await contents(whole))
  })

  test('what becomes old meanwhile is left to the next run', async () => {
    const world = await openWorld(service)
    await pushAtOnce(world.send, 'app', blob('old', 50))
    await world.pass(LONG)
    await pushAtOnce(world.send, 'late', blob('young', 50))
    expect((await world.collect({ isOver: stopAfter(0) })).collected.outcome).toBe('stopped')
    await world.pass(LONG)
    const { collected, things } = await world.collect()
    expect(things).toHaveLength(1)
    expect(collected).toMatchObject({ outcome: 'done', began: expect.any(Date) })
    expect((await world.collect()).things).toHaveLength(1)
  })

  const cases: readonly [string, (world: World) => Promise<unknown>, object?][] = [
    ['older than a week', (world) => world.pass(7 * DAY + HOUR)],
    [
      'damaged',
      async ({ store }) => {
        const text = await textOf(store)
        await store.put(CHECKPOINT, Buffer.from(text.replace('"after":"app"', '"after":"zzz"')))
      },
    ],
    [
      'of another version',
      async ({ store }) => {
        await store.put(CHECKPOINT, Buffer.from((await textOf(store)).replace(/^\d+/, '99')))
      },
    ],
    ['empty', ({ store }) => store.put(CHECKPOINT, new Uint8Array())],
    [
      'without one of its pieces',
      async ({ store, keys }) => store.delete((await keys(`${CLEAN_UP_PREFIX}run-`)).slice(0, 1)),
    ],
    ['of other times', async () => {}, { times: { ...TIMES, undelete: 20 * DAY } }],
    [
      'from before the fence was raised again',
      async ({ store, pass }) => {
        const fence = await store.get(FENCE_KEY)
        await store.put(FENCE_KEY, await readAll(fence!.body, 100))
        await pass(2 * HOUR)
      },
    ],
  ]

  test.each(cases)('a checkpoint %s: the run begins anew', async (_, change, options) => {
    const world = await openWorld(service)
    await pushImage(world.send, 'app', 'v1', [blob('kept', 50)])
    await pushAtOnce(world.send, 'b', blob('old', 50))
    await world.pass(LONG)
    expect((await world.collect({ isOver: stopAfter(0) })).collected.outcome).toBe('stopped')
    expect(await textOf(world.store)).toContain('"after":"app"')
    await change(world)
    const { collected, things } = await world.collect(options)
    expect(things).toHaveLength(1)
    expect(collected).toMatchObject({ outcome: 'done', planned: { seen: { repositories: 2 } } })
    expect(collected).not.toHaveProperty('began')
    expect(await checkpointSince(world.store)).toBeUndefined()
  })

  test('a dry run has none, and leaves that of a run alone', async () => {
    const world = await openWorld(service)
    await pushAtOnce(world.send, 'app', blob('old', 50))
    await world.pass(LONG)
    const stopping = { isOver: stopAfter(0) }
    expect((await world.collect({ ...stopping, run: false })).collected.outcome).toBe('stopped')
    expect(await runKeys(world)).toEqual([])
    await world.collect(stopping)
    const keys = await runKeys(world)
    expect((await world.collect({ run: false })).things).toHaveLength(1)
    expect(await runKeys(world)).toEqual(keys)
  })

  test('a run that was forced goes on only with force', async () => {
    const world = await openWorld(service)
    for (const name of ['a', 'b']) await pushAtOnce(world.send, name, blob(name, 50))
    await world.pass(LONG)
    expect((await world.collect({ isOver: stopAfter(3) })).collected.outcome).toBe('stopped')
    const { collected, things } = await world.collect({ force: false })
    expect(collected).toMatchObject({ outcome: 'refused', why: '2 of 2 links of blobs' })
    expect(things).toEqual([])
    expect(await runKeys(world)).toEqual([])
  })

  test('one checkpoint each 30 s, and one at a stop', async () => {
    let writes = 0
    const around = (store: ObjectStore) =>
      intercept(store, ({ operation, args }, proceed) => {
        if (operation === 'put' && args[0] === CHECKPOINT) writes += 1
        return proceed()
      })
    const world = await openWorld(service, around)
    for (let at = 0; at < 100; at++) await pushAtOnce(world.send, `app/${at}`, blob('one', 50))
    await world.pass(DAY)
    // Six seconds for each repository, and for each listing of what is left over.
    let now = 0
    const slowly = {
      monotonic: () => now,
      progress: () => {
        now += 6000
      },
    }
    expect((await world.collect(slowly)).collected.outcome).toBe('done')
    expect(writes).toBe(22)
    expect(await runKeys(world)).toEqual([])
    await world.collect({ ...slowly, isOver: stopAfter(3) })
    expect(writes).toBe(23)
  })

  test('a run that goes on tries once whether the service loses writes', async () => {
    let tried = 0
    const trying = (store: ObjectStore): ObjectStore => ({
      ...store,
      losesWrites: async () => ++tried === 0,
    })
    const world = await openWorld(service, trying)
    for (let at = 0; at < 3; at++) await pushAtOnce(world.send, `app/${at}`, blob(`${at}`, 50))
    await world.pass(LONG)
    expect((await world.collect({ isOver: stopAfter(2) })).collected.outcome).toBe('stopped')
    expect(tried).toBe(1)
    const { collected } = await world.collect()
    expect(collected).toMatchObject({ outcome: 'done', began: expect.any(Date) })
    expect(tried).toBe(2)
  })

  test('a process that wakes after another has gone on with its run changes nothing of it', async () => {
    const world = await openWorld(service)
    for (let at = 0; at < 9; at++) await pushAtOnce(world.send, `app/${at}`, blob(`${at}`, 50))
    await world.pass(LONG)
    let saved = 0
    let left: string[] = []
    let text = ''
    const sleeping = intercept(world.store, async ({ operation, args }, proceed) => {
      const done = await proceed()
      if (operation !== 'put' || args[0] !== CHECKPOINT || ++saved !== 4) return done
      await world.pass(2 * HOUR)
      const other = await world.collect({ isOver: stopAfter(2) })
      expect(other.collected).toMatchObject({ outcome: 'stopped', began: expect.any(Date) })
      left = await runKeys(world)
      text = await textOf(world.store)
      return done
    })
    let now = 0
    const sleeper = await openWorld(service, () => sleeping, world.model)
    const woken = await sleeper.collect({ monotonic: () => (now += 31_000) })
    expect(woken.collected.outcome).toBe('stopped')
    expect(saved).toBe(4)
    expect(await textOf(world.store)).toBe(text)
    expect(await runKeys(world)).toEqual(left)
    const ended = await world.collect()
    expect(ended.collected).toMatchObject({ outcome: 'done', began: expect.any(Date) })
    expect(ended.things).toHaveLength(9)
  })
})

const textOf = async (store: ObjectStore): Promise<string> =>
  (await readAll((await store.get(CHECKPOINT))!.body, 1 << 20)).toString()
