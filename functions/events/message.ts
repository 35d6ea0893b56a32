/**
 * What a receiver is sent of an event, whatever it is sent by.
 *
 * @module
 */

import type { ReadSecret } from '../shared/secrets.ts'
import { cloudEventBody, STRUCTURED } from './formats/cloudevents.ts'
import { distributionBody, ENVELOPE } from './formats/distribution.ts'
import type { Origin } from './formats/origin.ts'
import type { Receiver } from './receivers.ts'
import type { EventRecord } from './record.ts'
import { webhookHeaders } from './signature.ts'

/** An event as a receiver wants it. */
export interface Message {
  readonly id: string
  readonly kind: EventRecord['action']
  readonly body: string
  /** Its type, and its signature. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the receiver. */
  readonly credentials: string | undefined
}

/**
 * The message of an event.
 *
 * @param now milliseconds since 1970
 * @throws Error where a secret cannot be read
 */
export const messageOf = async (
  { format, references, secrets, authorization }: Receiver,
  record: EventRecord,
  origin: Origin,
  readSecret: ReadSecret,
  now: number,
): Promise<Message> => {
  const [keys, credentials] = await Promise.all([
    Promise.all(secrets.map(readSecret)),
    authorization === undefined ? undefined : readSecret(authorization),
  ])
  const { id, action } = record
  const [body, type] =
    format === 'distribution'
      ? [distributionBody(record, origin, references), ENVELOPE]
      : [cloudEventBody(record, origin, references), STRUCTURED]
  const headers = { 'content-type': type, ...webhookHeaders(id, body, now, keys) }
  return { id, kind: action, body, headers, credentials }
}
