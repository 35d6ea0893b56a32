/**
 * One request to a receiver, and what its response means.
 *
 * @module
 */

import { postTo } from '../shared/outgoing.ts'
import { cloudEventBody, STRUCTURED } from './formats/cloudevents.ts'
import { distributionBody, ENVELOPE } from './formats/distribution.ts'
import type { Origin } from './formats/origin.ts'
import type { Receiver } from './receivers.ts'
import type { EventRecord } from './record.ts'
import type { ReadSecret } from './secrets.ts'
import { webhookHeaders } from './signature.ts'

/** How an attempt ended. `why` is for people, without secrets. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** It may go better later. @param after milliseconds, as the receiver has it */
  | { readonly kind: 'failed'; readonly why: string; readonly after?: number | undefined }
  /** It would always go so. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The receiver wants nothing any more. */
  | { readonly kind: 'gone'; readonly why: string }

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
/** Most milliseconds that a receiver can ask for. */
const MAX_AFTER = 3_600_000

/** Statuses below 500 after which it may go better later. */
const PASSING = [408, 425, 429]

/** Retry-After in milliseconds: RFC 9110, section 10.2.3. */
const afterOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  const after = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(after) ? Math.min(Math.max(after, 0), MAX_AFTER) : undefined
}

/** What a response means. */
export const outcomeOf = (status: number, retryAfter: string | undefined, now: number): Outcome => {
  const why = `responded ${status}`
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status === 410) return { kind: 'gone', why }
  if (status >= 500 || PASSING.includes(status)) {
    return { kind: 'failed', why, after: afterOf(retryAfter, now) }
  }
  const redirect = status >= 300 && status < 400
  return { kind: 'refused', why: redirect ? `${why}; redirects are not followed` : why }
}

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

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no response within ${TIMEOUT / 1000} s`
  // Of several addresses that were tried, the error has no message of its own.
  return error.message || String(Reflect.get(error, 'code') ?? error.name)
}

/** Makes what sends events. @param now clock in milliseconds */
export const createPost =
  (origin: Origin, readSecret: ReadSecret, now: () => number = Date.now): Post =>
  async (receiver, record, signal) => {
    const { format, references, secrets, authorization, url, allows } = receiver
    try {
      const [keys, credentials] = await Promise.all([
        Promise.all(secrets.map(readSecret)),
        authorization === undefined ? undefined : readSecret(authorization),
      ])
      const [body, type] =
        format === 'distribution'
          ? [distributionBody(record, origin, references), ENVELOPE]
          : [cloudEventBody(record, origin, references), STRUCTURED]
      const response = await postTo(url, body, {
        headers: {
          'content-type': type,
          'user-agent': 'slipway',
          ...webhookHeaders(record.id, body, now(), keys),
          ...(credentials === undefined ? {} : { authorization: credentials }),
        },
        privateAddresses: allows,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      })
      const outcome = outcomeOf(response.statusCode ?? 0, response.headers['retry-after'], now())
      await drop(response)
      return outcome
    } catch (error) {
      return { kind: 'failed', why: messageOf(error) }
    }
  }
