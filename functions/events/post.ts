/**
 * One request to a receiver, and what its response means.
 *
 * @module
 */

import { once } from '../shared/once.ts'
import { postTo } from '../shared/outgoing.ts'
import type { ReadSecret } from '../shared/secrets.ts'
import type { Origin } from './formats/origin.ts'
import { type Message, messageOf } from './message.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { isNats, type Receiver } from './receivers.ts'
import type { EventRecord } from './record.ts'

/** Sends an event. Never rejects. */
export type Post = (
  receiver: Receiver,
  record: EventRecord,
  signal: AbortSignal,
) => Promise<Outcome>

/** Milliseconds for a request and its response. */
const TIMEOUT = 10_000
/** Most bytes of a response that are read, so that its connection can end well. */
const MAX_RESPONSE = 64 * 1024

const drop = async (response: AsyncIterable<Uint8Array>): Promise<void> => {
  let size = 0
  try {
    for await (const chunk of response) {
      size += chunk.byteLength
      // Leaving the loop ends the connection.
      if (size > MAX_RESPONSE) return
    }
  } catch {
    // The status is all that counts.
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no response within ${TIMEOUT / 1000} s`
  // Of several addresses that were tried, the error has no message of its own.
  return error.message || String(Reflect.get(error, 'code') ?? error.name)
}

const postMessage = async (
  { url, allows }: Receiver,
  { body, headers, credentials }: Message,
  now: () => number,
  signal: AbortSignal,
): Promise<Outcome> => {
  const response = await postTo(url, body, {
    headers: {
      'user-agent': 'slipway',
      ...headers,
      ...(credentials === undefined ? {} : { authorization: credentials }),
    },
    privateAddresses: allows,
    signal,
  })
  const outcome = outcomeOf(response.statusCode ?? 0, response.headers['retry-after'], now())
  await drop(response)
  return outcome
}

/** The client of NATS, loaded only where a receiver is such a server. */
const natsClient = once(async () => (await import('./nats.ts')).createNatsClient())

/** Makes what sends events. @param now clock in milliseconds */
export const createPost =
  (origin: Origin, readSecret: ReadSecret, now: () => number = Date.now): Post =>
  async (receiver, record, signal) => {
    try {
      const message = await messageOf(receiver, record, origin, readSecret, now())
      const ends = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)])
      if (!isNats(receiver.url)) return await postMessage(receiver, message, now, ends)
      const { send } = await natsClient()
      return await send(receiver, message, ends)
    } catch (error) {
      return { kind: 'failed', why: reasonOf(error) }
    }
  }
