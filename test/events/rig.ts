/**
 * Sends events by hand: with a clock that only the test moves, and receivers that are functions.
 *
 * @module
 */

import { createCourier, type DeliveryEvent } from '../../functions/events/courier.ts'
import { fanOut } from '../../functions/events/fan-out.ts'
import { EVENTS_PREFIX } from '../../functions/events/keys.ts'
import type { Outcome } from '../../functions/events/outcome.ts'
import type { Receiver } from '../../functions/events/receivers.ts'
import type { EventRecord } from '../../functions/events/record.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'

/** What a receiver was sent. */
export interface Sent {
  readonly receiver: string
  readonly event: EventRecord
}

/** What a receiver responds. */
export type Respond = (sent: Sent) => Outcome | Promise<Outcome>

export const DELIVERED: Outcome = { kind: 'delivered' }
export const FAILED: Outcome = { kind: 'failed', why: 'responded 503' }

/** A clock that begins now, since stores have their own, and is moved by hand. */
export const createTime = () => {
  let passed = 0
  return {
    now: () => Math.round(Date.now() + passed),
    pass: (milliseconds: number) => {
      passed += milliseconds
    },
  }
}

/** One process that sends events. */
export const createProcess = (
  store: ObjectStore,
  receivers: readonly Receiver[],
  respond: Respond,
  now: () => number = Date.now,
) => {
  const [sent, reported]: [Sent[], DeliveryEvent[]] = [[], []]
  const goOn = async () => true
  const { signal } = new AbortController()
  const couriers = receivers.map((receiver) => {
    const courier = createCourier({
      store,
      now,
      signal,
      report: (event) => reported.push(event),
      post: async ({ name }, event) => {
        const each = { receiver: name, event }
        sent.push(each)
        return respond(each)
      },
    })
    return { receiver, courier }
  })
  const damaged: string[] = []
  const copy = () =>
    fanOut(store, {
      hearing: async () => receivers,
      now,
      goOn,
      damaged: (key) => void damaged.push(key),
    })
  return {
    sent,
    reported,
    damaged,
    ids: () => sent.map(({ event: { id } }) => id),
    /** Copies from the outbox. */
    fanOut: copy,
    /** One round of the courier of the first receiver. */
    round: () => couriers[0]!.courier.round(receivers[0]!, goOn),
    /** Copies, and delivers until nothing is due. */
    async run(): Promise<void> {
      await copy()
      for (const { receiver, courier } of couriers) {
        while ((await courier.round(receiver, goOn)) === 0);
      }
    },
  }
}

/** What is left of events, by the first part of their keys. */
export const leftIn = async (store: ObjectStore): Promise<Readonly<Record<string, number>>> => {
  const { objects } = await store.list(EVENTS_PREFIX)
  const kinds = objects.map(({ key }) => key.slice(EVENTS_PREFIX.length).split('/')[0]!)
  const count = (kind: string) => kinds.filter((each) => each === kind).length
  return Object.fromEntries([...new Set(kinds)].map((kind) => [kind, count(kind)]))
}
