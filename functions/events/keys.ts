/**
 * Keys of what waits to be delivered. All of it is below one prefix, which may expire after a month.
 *
 * @module
 */

import { OWN_PREFIX } from '../registry/layout.ts'
import { OUTBOX } from './record.ts'

/** All of it. */
export const EVENTS_PREFIX = `${OWN_PREFIX}events/`

/** Milliseconds after which it goes, whatever became of it. */
export const EVENT_LIFE = 30 * 24 * 60 * 60 * 1000

/** The work of copying from the outbox, among that of the receivers: none of them can be called so. */
export const COPYING = '!outbox'

/** Who delivers at the moment; sorts before what waits, as {@link BEFORE_WAITING} needs it. */
export const deliveryLeaseKey = (name: string): string => `${EVENTS_PREFIX}lease/${name}`

/** Receivers that responded 410: there is nothing to be sent to them any more. */
export const ENDED_PREFIX = `${EVENTS_PREFIX}ended/`

/** Says that a receiver has ended. */
export const endedKey = (receiver: string): string => ENDED_PREFIX + receiver

/** What waits for each receiver. */
export const WAITING_PREFIX = `${EVENTS_PREFIX}waiting/`

/** What waits for this receiver, in the order of time. */
export const waitingPrefix = (receiver: string): string => `${WAITING_PREFIX}${receiver}/`

/** What could not be delivered. */
export const DEAD_PREFIX = `${EVENTS_PREFIX}dead/`

/** What could not be delivered to this receiver. */
export const deadPrefix = (receiver: string): string => `${DEAD_PREFIX}${receiver}/`

/** An event on its way to one receiver. */
export interface Delivery {
  readonly receiver: string
  /** As in the key of its record: thirteen digits of milliseconds. */
  readonly at: string
  /** Events of one lane are delivered one after the other. */
  readonly lane: string
  readonly id: string
}

const tail = ({ at, lane, id }: Delivery): string => `${at}-${lane}-${id}`

/** The key of an event that waits for a receiver. */
export const waitingKey = (delivery: Delivery): string =>
  waitingPrefix(delivery.receiver) + tail(delivery)

/** The key of an event that could not be delivered. */
export const deadKey = (delivery: Delivery): string =>
  deadPrefix(delivery.receiver) + tail(delivery)

const PATTERN = /^(?:waiting|dead)\/([^/]+)\/(\d{13,})-([0-9a-f]{12})-([0-9a-f-]{36})$/

/** The delivery in either of these keys; undefined for any other key. */
export const deliveryOf = (key: string): Delivery | undefined => {
  const [, receiver, at, lane, id] = PATTERN.exec(key.slice(EVENTS_PREFIX.length)) ?? []
  if (receiver === undefined || at === undefined || lane === undefined || id === undefined) {
    return undefined
  }
  return { receiver, at, lane, id }
}

/** Where a listing of {@link EVENTS_PREFIX} begins that shows what waits, and nothing else. */
export const BEFORE_WAITING = OUTBOX.replace(/\/$/, '')
