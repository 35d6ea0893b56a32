/**
 * A process that sends events dies at each of its operations, before it and after it: another goes on, and nothing is
 * lost. What is sent twice has one id.
 *
 * @module
 */

import { describe, expect, type TestContext, test } from 'vitest'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { receiverOf } from './receiver.ts'
import { digestOf, record } from './records.ts'
import { createProcess, DELIVERED, leftIn, type Respond } from './rig.ts'

const RECEIVERS = [receiverOf({ name: 'a' }), receiverOf({ name: 'b', kinds: ['push'] })]

/** More operations than a run has. */
const ENOUGH = 200

class Death extends Error {}

/** A store in which the process dies at this operation. @returns whether it did */
const dying = (store: ObjectStore, last: number, takesPlace: boolean) => {
  let count = 0
  const mortal = intercept(store, async (_, proceed) => {
    count += 1
    if (count < last) return proceed()
    if (count === last && takesPlace) await proceed()
    throw new Death()
  })
  return { mortal, died: () => count >= last }
}

const RESPONSES: readonly (readonly [string, Respond, Readonly<Record<string, number>>])[] = [
  ['delivered', () => DELIVERED, {}],
  ['refused', () => ({ kind: 'refused', why: 'responded 400' }), { dead: 5 }],
  [
    'ended',
    ({ receiver }) => (receiver === 'a' ? { kind: 'gone', why: 'responded 410' } : DELIVERED),
    { dead: 3, ended: 1 },
  ],
]

describe.each(RESPONSES)('with all %s', (_, respond, left) => {
  /** One run with a death. @returns whether there was one */
  const runOnce = async (t: TestContext, last: number, takesPlace: boolean): Promise<boolean> => {
    const { store, close } = await openFiles()
    t.onTestFinished(close)
    const tags = [{ tag: 'v1' }, { tag: 'v2' }]
    await record(store, { target: { digest: digestOf('a') }, tags })
    await record(store, { action: 'delete', target: { digest: digestOf('a') } })
    const { mortal, died } = dying(store, last, takesPlace)
    const first = createProcess(mortal, RECEIVERS, respond)
    await first.run().catch((error: unknown) => {
      if (!(error instanceof Death)) throw error
    })
    const second = createProcess(store, RECEIVERS, respond)
    await second.run()
    expect(await leftIn(store)).toEqual(left)
    const sent = [...first.sent, ...second.sent].map(({ receiver, event: { id } }) => receiver + id)
    const toldA = new Set(sent.filter((each) => each.startsWith('a')))
    const toldB = new Set(sent.filter((each) => each.startsWith('b')))
    expect(toldB.size).toBe(2)
    if (left.ended === undefined) expect(toldA.size).toBe(3)
    return died()
  }

  test.for([false, true])(
    'whether its last operation takes place (%s) or not',
    async (takes, t) => {
      let deaths = 0
      while (await runOnce(t, deaths + 1, takes)) {
        deaths += 1
        expect(deaths).toBeLessThan(ENOUGH)
      }
      expect(deaths).toBeGreaterThan(15)
    },
  )
})
