/**
 * Sending where nothing runs for long: to the end, within its time, and beside others.
 *
 * @module
 */

import { expect, onTestFinished, type TestContext, test } from 'vitest'
import { createDrain } from '../../functions/events/drain.ts'
import {
  COPYING,
  deliveryLeaseKey,
  endedKey,
  WAITING_PREFIX,
  waitingKey,
} from '../../functions/events/keys.ts'
import type { Outcome } from '../../functions/events/outcome.ts'
import type { Receiver } from '../../functions/events/receivers.ts'
import { type EventRecord, OUTBOX } from '../../functions/events/record.ts'
import { writeRecord } from '../../functions/events/stored.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { receiverOf } from './receiver.ts'
import { digestOf, record, recordOf } from './records.ts'
import { createTime, DELIVERED, FAILED, leftIn } from './rig.ts'

const HOOKS = receiverOf({ name: 'hooks' })
const OTHER = receiverOf({ name: 'other' })

type Respond = (receiver: Receiver, event: EventRecord) => Outcome | Promise<Outcome>

const open = async (t: TestContext, respond: Respond = () => DELIVERED) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const time = createTime()
  const sent: string[] = []
  const damaged: string[] = []
  /** One process. */
  const start = (at: ObjectStore = store) =>
    createDrain({
      store: at,
      now: time.now,
      post: async (receiver, event) => {
        sent.push(`${receiver.name} ${event.id}`)
        return respond(receiver, event)
      },
      report: { delivery: () => {}, damaged: (key) => void damaged.push(key) },
    })
  return { store, time, sent, damaged, start, left: () => leftIn(store) }
}

const never = () => false
const of =
  (...receivers: readonly Receiver[]) =>
  async () =>
    receivers
const waits = (store: ObjectStore, event: EventRecord) =>
  writeRecord(
    store,
    waitingKey({ receiver: 'hooks', at: String(event.at), lane: 'a'.repeat(12), id: event.id }),
    event,
  )

test('each receiver gets all of it, and nothing is left', async (t) => {
  const { store, sent, start, left } = await open(t)
  const records = [await record(store), await record(store, { action: 'delete' })]
  await start()(of(HOOKS, OTHER), never, 'all')
  const expected = records.flatMap(({ id }) => [`hooks ${id}`, `other ${id}`])
  expect(sent.toSorted()).toEqual(expected.toSorted())
  expect(await left()).toEqual({})
})

test('what another has copied, and died, is delivered', async (t) => {
  const { store, sent, start, left } = await open(t)
  const event = recordOf()
  await waits(store, event)
  await start()(of(HOOKS), never, 'all')
  expect(sent).toEqual([`hooks ${event.id}`])
  expect(await left()).toEqual({})
})

test('what is recorded while it is at work, and found it busy, is sent by it', async (t) => {
  const { store, sent, start } = await open(t)
  await record(store)
  let late: EventRecord | undefined
  const watched = intercept(store, async ({ operation, args }, proceed) => {
    const releases = operation === 'deleteIf' && args[0] === deliveryLeaseKey(COPYING)
    if (releases && late === undefined) {
      late = await record(store)
      // It is called for this one, sees that another is at work, and ends.
      await start()(of(HOOKS), never, 'recorded')
    }
    return proceed()
  })
  await start(watched)(of(HOOKS), never, 'recorded')
  expect(sent).toHaveLength(2)
  expect(sent).toContain(`hooks ${late?.id}`)
})

test('many called at once, each for its own record, leave nothing, and lose nothing', async (t) => {
  const { store, sent, start, left } = await open(t)
  const calls = Array.from({ length: 24 }, async (_, at) => {
    const target = { digest: digestOf('a'), tag: `v${at % 5}` }
    const { id } = await record(store, { target })
    await start()(of(HOOKS, OTHER), never, 'recorded')
    return id
  })
  const ids = await Promise.all(calls)
  const expected = ids.flatMap((id) => [`hooks ${id}`, `other ${id}`])
  expect(new Set(sent)).toEqual(new Set(expected))
  expect(await left()).toEqual({})
})

test('a receiver that fails keeps neither others waiting nor it, and is asked again soon', async (t) => {
  const { store, sent, start, left, time } = await open(t, ({ name }) =>
    name === 'hooks' ? { ...FAILED, after: 60_000 } : DELIVERED,
  )
  const { id } = await record(store)
  const drain = start()
  await drain(of(HOOKS, OTHER), never, 'all')
  expect(sent.toSorted()).toEqual([`hooks ${id}`, `other ${id}`])
  expect(await left()).toEqual({ waiting: 1 })
  // The same process remembers until when.
  await drain(of(HOOKS, OTHER), never, 'all')
  expect(sent).toHaveLength(2)
  time.pass(61_000)
  await drain(of(HOOKS, OTHER), never, 'all')
  expect(sent).toHaveLength(3)
})

test('a receiver keeps nobody waiting, whatever it is called', async (t) => {
  const named = receiverOf({ name: 'outbox' })
  let late: EventRecord | undefined
  const { store, sent, start } = await open(t, async ({ name }) => {
    if (name === 'outbox' && late === undefined) {
      late = await record(store)
      // While it is at work on this one, another is called for the next.
      await start()(of(named, OTHER), never, 'recorded')
      expect(sent).toContain(`other ${late.id}`)
    }
    return DELIVERED
  })
  await record(store)
  await start()(of(named, OTHER), never, 'recorded')
  expect(late).toBeDefined()
})

test('nothing more is begun when its time is over', async (t) => {
  const { store, sent, start, left } = await open(t)
  for (let at = 0; at < 3; at++) await record(store)
  await start()(of(HOOKS), () => sent.length > 0, 'all')
  expect(sent).toHaveLength(1)
  expect(await left()).toEqual({ waiting: 2 })
})

test('what cannot be read, and keys of others, are left, and told once', async (t) => {
  const { store, damaged, start, left } = await open(t)
  await store.put(`${OUTBOX}x`, Buffer.from('{'))
  await store.put(`${WAITING_PREFIX}hooks/x`, Buffer.from('x'))
  const drain = start()
  for (let at = 0; at < 2; at++) await drain(of(HOOKS), never, 'all')
  expect(damaged).toEqual([`${OUTBOX}x`])
  expect(await left()).toEqual({ outbox: 1, waiting: 1 })
})

test('what waits for a receiver that has ended is dead', async (t) => {
  const { store, sent, start, left } = await open(t)
  await store.put(endedKey('hooks'), Buffer.from('responded 410'))
  await waits(store, recordOf())
  await record(store)
  await start()(of(HOOKS), never, 'all')
  expect(sent).toEqual([])
  expect(await left()).toEqual({ dead: 1, ended: 1 })
})

test.each<['recorded' | 'all', readonly string[]]>([
  // Copied, and delivered; each with a lease, and a look at whether there is more.
  ['recorded', ['delete 2', 'deleteIf 2', 'get 4', 'head 2', 'list 4', 'put 3']],
  ['all', ['delete 2', 'deleteIf 2', 'get 4', 'head 2', 'list 7', 'put 3']],
])('one event of one receiver, called for %s, takes these operations', async (what, expected) => {
  const { store, close } = await openFiles()
  onTestFinished(close)
  const calls: string[] = []
  await store.put('docker/proof', Buffer.from('x'))
  await record(store, { proof: { key: 'docker/proof' } })
  const watched = intercept(store, ({ operation }, proceed) => {
    calls.push(operation)
    return proceed()
  })
  const report = { delivery: () => {}, damaged: () => {} }
  const drain = createDrain({ store: watched, post: async () => DELIVERED, report })
  await drain(of(HOOKS), never, what)
  const counts = Object.entries(Object.groupBy(calls, (each) => each))
  expect(counts.map(([name, all]) => `${name} ${all?.length}`).toSorted()).toEqual(expected)
})

test('with nothing to send it is one listing', async (t) => {
  const { store, start } = await open(t)
  await store.put(endedKey('hooks'), Buffer.from('responded 410'))
  const calls: string[] = []
  const watched = intercept(store, ({ operation }, proceed) => {
    calls.push(operation)
    return proceed()
  })
  await start(watched)(of(HOOKS), never, 'all')
  expect(calls).toEqual(['list'])
})

test('a store that fails is an error, once the rest was tried', async (t) => {
  const { store, sent, start } = await open(t)
  const { id } = await record(store)
  const failing = intercept(store, ({ operation, args }, proceed) => {
    if (operation === 'list' && args[0] === `${WAITING_PREFIX}hooks/`) throw new Error('no')
    return proceed()
  })
  await expect(start(failing)(of(HOOKS, OTHER), never, 'all')).rejects.toThrow('no')
  expect(sent).toEqual([`other ${id}`])
})
