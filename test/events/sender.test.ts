/**
 * A sender that runs, and what it says.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { waitingPrefix } from '../../functions/events/keys.ts'
import { OUTBOX } from '../../functions/events/record.ts'
import { startSender } from '../../functions/events/sender.ts'
import { openFiles } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { receiverOf } from './receiver.ts'
import { record } from './records.ts'
import { DELIVERED } from './rig.ts'

test('what cannot be read is told of once, however often it looks', async (t) => {
  const { store, close } = await openFiles()
  const [sent, damaged]: [string[], string[]] = [[], []]
  const key = `${OUTBOX}0000000000000-x`
  await store.put(key, Buffer.from('{'))
  const sender = startSender({
    store,
    receivers: async () => [receiverOf({})],
    current: async () => [receiverOf({})],
    post: async (_, { id }) => {
      sent.push(id)
      return DELIVERED
    },
    report: { delivery: () => {}, damaged: (each) => damaged.push(each), failed: () => {} },
  })
  t.onTestFinished(async () => {
    await sender.stop()
    await close()
  })
  for (let at = 1; at <= 2; at++) {
    await record(store)
    sender.wake()
    await until(() => sent.length === at)
  }
  expect(damaged).toEqual([key])
})

test('a receiver that the sender has not seen yet gets what was recorded since it is there', async (t) => {
  const { store, close } = await openFiles()
  const before = receiverOf({ name: 'before', kinds: ['delete'] })
  const added = receiverOf({ name: 'added' })
  const made = await record(store)
  let known = [before]
  const sender = startSender({
    store,
    receivers: async () => known,
    current: async () => [before, added],
    post: async () => DELIVERED,
    report: { delivery: () => {}, damaged: () => {}, failed: () => {} },
  })
  const copies = async () => (await store.list(waitingPrefix('added'))).objects.length
  t.onTestFinished(async () => {
    await sender.stop()
    await close()
  })
  await until(async () => (await store.list(OUTBOX)).objects.length === 0)
  expect(await copies()).toBe(1)
  expect(made.action).toBe('push')
  known = [before, added]
  sender.wake()
  await until(async () => (await copies()) === 0)
})
