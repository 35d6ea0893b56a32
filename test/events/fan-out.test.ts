/**
 * The outbox: who gets a copy of what, and when a record goes.
 *
 * @module
 */

import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { HIDDEN, SETTLED } from '../../functions/events/fan-out.ts'
import { measured } from '../../functions/events/measured.ts'
import { outboxKey } from '../../functions/events/record.ts'
import { dataKey, layerLinkKey } from '../../functions/registry/layout.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openBucket, openFiles } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { receiverOf } from './receiver.ts'
import { BEGIN, digestOf, record, recordOf } from './records.ts'
import { createProcess, createTime, DELIVERED, leftIn } from './rig.ts'

const ALL = receiverOf({ name: 'all' })
const DELETES = receiverOf({ name: 'deletes', kinds: ['delete'] })
const TEAM = receiverOf({ name: 'team', repositories: ['team/**'], kinds: ['tag'] })

const open = async (t: TestContext, receivers = [ALL, DELETES, TEAM]) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const time = createTime()
  const process = createProcess(store, receivers, () => DELIVERED, time.now)
  return { store, time, process, left: () => leftIn(store) }
}

test('each receiver that wants it is sent an event, and then nothing is left', async (t) => {
  const { store, process, left } = await open(t)
  const push = await record(store)
  const deleted = await record(store, { action: 'delete', repository: 'other' })
  const { told } = await process.fanOut()
  expect([...told].toSorted()).toEqual(['all', 'deletes'])
  expect(await left()).toEqual({ waiting: 3 })
  await process.run()
  const sent = process.sent.map(({ receiver, event: { id } }) => `${receiver} ${id}`)
  expect(sent.toSorted()).toEqual(
    [`all ${push.id}`, `all ${deleted.id}`, `deletes ${deleted.id}`].toSorted(),
  )
  expect(await left()).toEqual({})
})

test('a record of several tags is an event of each, and of those that moved', async (t) => {
  const { store, process } = await open(t)
  const tags = [{ tag: 'v1' }, { tag: 'latest', previous: digestOf('b') }]
  await record(store, { target: { digest: digestOf('a') }, tags })
  await process.run()
  const sent = process.sent.map(
    ({ receiver, event: { action, target } }) => `${receiver} ${action} ${target?.tag}`,
  )
  expect(sent.toSorted()).toEqual([
    'all push latest',
    'all push v1',
    'all tag latest',
    'team tag latest',
  ])
})

test('what nobody wants goes', async (t) => {
  const { store, process, left } = await open(t, [DELETES])
  await record(store)
  expect(await process.fanOut()).toEqual({ told: new Set(), again: undefined })
  expect(await left()).toEqual({})
})

test('what cannot be read stays', async (t) => {
  const { store, process, left } = await open(t)
  const key = outboxKey(recordOf())
  await store.put(key, Buffer.from('{"version":2}'))
  await process.run()
  expect(process.damaged).toEqual([key])
  expect(await left()).toEqual({ outbox: 1 })
})

test('copies of a tag are written in order, also where the first takes long', async (t) => {
  const { store } = await open(t)
  const written: string[] = []
  const slow = intercept(store, async ({ operation, args }, proceed) => {
    const [key] = args as [string]
    const id = key.slice(-36)
    if (operation === 'put' && id === first.id) await until(() => written.includes(other.id))
    const done = await proceed()
    if (operation === 'put') written.push(id)
    return done
  })
  const first = await record(store, { at: BEGIN })
  const second = await record(store, { at: BEGIN + 1 })
  const other = await record(store, { at: BEGIN + 2, target: { tag: 'v2' } })
  await createProcess(slow, [ALL], () => DELIVERED).fanOut()
  expect(written).toEqual([other.id, first.id, second.id])
})

test('what comes after a record that cannot be read from the store waits with it', async (t) => {
  const { store } = await open(t)
  const failing = intercept(store, async ({ operation, args }, proceed) => {
    if (operation === 'get' && args[0] === outboxKey(first)) throw new Error('no store')
    return proceed()
  })
  const first = await record(store, { at: BEGIN })
  await record(store, { at: BEGIN + 1 })
  await expect(createProcess(failing, [ALL], () => DELIVERED).fanOut()).rejects.toThrow('no store')
  expect(await leftIn(store)).toEqual({ outbox: 2 })
})

describe('a mount has the size of the blob', () => {
  const digest = digestOf('a')
  const key = layerLinkKey('team/app', digest as Digest)
  const LINK = Buffer.from(digest)

  test.each<[string, (store: ObjectStore) => Promise<unknown>, number | undefined]>([
    ['as its link has it', (store) => store.put(key, LINK, { metadata: { size: '7' } }), 7],
    [
      'as its data has it',
      async (store) => {
        await store.put(dataKey(digest as Digest), Buffer.alloc(8))
        await store.put(key, LINK)
      },
      8,
    ],
    ['unless it is gone', async () => {}, undefined],
  ])('%s', async (_, prepare, size) => {
    const { store, close } = await openBucket()
    onTestFinished(close)
    await prepare(store)
    const event = recordOf({ action: 'mount', target: { digest }, proof: { key, fleeting: true } })
    expect((await measured(store, event)).target?.size).toBe(size)
  })
})

describe('what has no proof', () => {
  const KEY = 'docker/registry/v2/repositories/team/app/_manifests/revisions/sha256/a/link'
  const setUp = async (t: TestContext) => {
    const opened = await open(t)
    const at = opened.time.now()
    await record(opened.store, { at, proof: { key: KEY } })
    const later = await record(opened.store, { at: at + 1 })
    const { again } = await opened.process.fanOut()
    // Half of its age, which is real time here.
    expect(again).toBeGreaterThanOrEqual(500)
    expect(again).toBeLessThan(60_000)
    await opened.process.run()
    // Nothing waits for it.
    expect(opened.process.ids()).toEqual([later.id])
    expect(await opened.left()).toEqual({ outbox: 1 })
    return opened
  }

  test('is sent once it has', async (t) => {
    const { store, process, left } = await setUp(t)
    await store.put(KEY, Buffer.from(digestOf('a')))
    await process.run()
    expect(process.sent).toHaveLength(2)
    expect(await left()).toEqual({})
  })

  test('is looked for less and less often, and goes unsent', async (t) => {
    const { time, process, left } = await setUp(t)
    time.pass(SETTLED / 2)
    expect((await process.fanOut()).again).toBe(60_000)
    time.pass(SETTLED / 2 + 1_000)
    expect((await process.fanOut()).again).toBeUndefined()
    await process.run()
    expect(process.sent).toHaveLength(1)
    expect(await left()).toEqual({})
  })

  test('is sent where so much time has passed that it may have been swept', async (t) => {
    const { store, time, process, left } = await open(t, [ALL])
    await record(store, { at: time.now(), proof: { key: KEY } })
    time.pass(60 * 60_000)
    await process.run()
    expect(process.sent).toHaveLength(1)
    expect(await left()).toEqual({})
  })
})

describe('a delete that a later push hides', () => {
  const KEY = 'docker/registry/v2/repositories/team/app/_manifests/tags/v1/current/link'
  const setUp = async (t: TestContext) => {
    const opened = await open(t, [ALL])
    const { store, time } = opened
    const at = time.now()
    const deleted = await record(store, {
      at,
      action: 'delete',
      target: { tag: 'v1' },
      proof: { key: KEY, absent: true },
    })
    await store.put(KEY, Buffer.from(digestOf('a')))
    const pushed = await record(store, { at: at + 1 })
    const other = await record(store, { at: at + 2, target: { tag: 'v2' } })
    await opened.process.run()
    // Whether it is done, nobody knows: what comes later of its tag waits, and nothing else does.
    expect(opened.process.ids()).toEqual([other.id])
    return { ...opened, deleted, pushed }
  }

  test('is sent before it', async (t) => {
    const { process, time, deleted, pushed, left } = await setUp(t)
    time.pass(HIDDEN + 1_000)
    await process.run()
    expect(process.ids().slice(1)).toEqual([deleted.id, pushed.id])
    expect(await left()).toEqual({})
  })

  test('is sent at once where the link is gone again', async (t) => {
    const { process, store, deleted, left } = await setUp(t)
    await store.delete([KEY])
    await process.run()
    expect(process.ids()).toContain(deleted.id)
    expect(await left()).toEqual({})
  })
})
