/**
 * A sender that runs, and what it says.
 *
 * @module
 */

import { expect, test } from 'vitest'
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
