/**
 * States of an upload used twice at the same moment: each digest holds its own bytes.
 *
 * @module
 */

import { describe, test } from 'vitest'
import { StoreError } from '../../functions/storage/errors.ts'
import { blob, type Content, contentOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { checkStore } from '../support/rig/invariants.ts'
import { begin } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

const SIZE = 15 * 1024 * 1024

/** Holds the first call of an operation until it is released. */
const gate = (operation: string) => {
  let open = () => {}
  let reach = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  let waits = true
  return {
    /** Whether the call has been made. */
    reached,
    open: () => open(),
    pass: async (name: string): Promise<void> => {
      if (name !== operation || !waits) return
      waits = false
      reach()
      await opened
    },
  }
}

const patch = async (send: Send, location: string, { bytes }: Content): Promise<string> =>
  locationOf(await expectStatus(202, send(`PATCH ${location}`, bytes)))

for (const [name, openStore] of STORES) {
  describe(name, () => {
    test('two bodies after one POST, the second committed while the first is copied', async (t) => {
      const { store, close } = await openStore()
      t.onTestFinished(close)
      const copying = gate('copy')
      const send = await clientOf(
        intercept(store, async ({ operation }, proceed) => {
          await copying.pass(operation)
          // Otherwise the second would delete at its end what the first could wrongly copy.
          if (operation === 'delete') throw new StoreError('unavailable', 'not now')
          return proceed()
        }),
      )
      const [one, two] = [blob('one', SIZE), blob('two', SIZE)]
      const begun = locationOf(await begin(send, 'app'))
      const first = await patch(send, begun, one)
      const second = await patch(send, begun, two)
      const committed = send(`PUT ${first}&digest=${one.sha256}`)
      await copying.reached
      await expectStatus(201, send(`PUT ${second}&digest=${two.sha256}`))
      copying.open()
      await expectStatus(201, committed)
      await checkStore(store)
    })

    test('two last chunks after one PATCH, sent by two PUTs', async (t) => {
      const { store, close } = await openStore()
      t.onTestFinished(close)
      const completing = gate('completeMultipart')
      const send = await clientOf(
        intercept(store, async ({ operation }, proceed) => {
          await completing.pass(operation)
          return proceed()
        }),
      )
      const [head, tail, other] = [blob('head', SIZE), blob('tail', 99), blob('other', 99)]
      const whole = (end: Content) => contentOf(Buffer.concat([head.bytes, end.bytes]))
      const begun = locationOf(await begin(send, 'app'))
      const state = await patch(send, begun, head)
      const committed = send(`PUT ${state}&digest=${whole(tail).sha256}`, tail.bytes)
      await completing.reached
      const overtaking = await send(`PUT ${state}&digest=${whole(other).sha256}`, other.bytes)
      completing.open()
      const statuses = [overtaking.status, (await committed).status]
      await checkStore(store)
      if (statuses.filter((status) => status === 201).length !== 1) {
        throw new Error(`one of the two must be the blob, but they were answered ${statuses}`)
      }
    })
  })
}
