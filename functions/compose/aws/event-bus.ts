/**
 * Sends events to buses of Amazon EventBridge. The function or machine may `events:PutEvents` on them.
 *
 * @module
 */

import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge'
import { regionOfBus } from '../../events/buses.ts'
import { type EventBridgeEntry, eventBridgeEntry } from '../../events/formats/eventbridge.ts'
import type { Outcome } from '../../events/outcome.ts'
import type { Post } from '../../events/post.ts'

/** Milliseconds for a request, with those that the SDK repeats: throttled ones, and those that AWS could not answer. */
const TIMEOUT = 10_000

/** Most bytes of an entry. */
const MOST_BYTES = 256 * 1024
/** Bytes that EventBridge counts for the time. */
const TIME_BYTES = 14

/** Errors of an entry, or of a request, that would always be the same. Others may pass, also a right that is missing. */
const LASTING = new Set([
  'InvalidArgument',
  'MalformedDetail',
  'NotAuthorizedForDetailTypeException',
  'NotAuthorizedForSourceException',
  'ValidationException',
])

const sizeOf = ({ Source, DetailType, Detail }: EventBridgeEntry): number =>
  TIME_BYTES + Buffer.byteLength(Source + DetailType + Detail)

const outcomeOf = (code: string | undefined, why: string): Outcome =>
  code !== undefined && LASTING.has(code) ? { kind: 'refused', why } : { kind: 'failed', why }

/** EventBridge takes a request, and says of each entry whether it has taken that. */
const outcomeOfEntry = ({ ErrorCode, ErrorMessage }: PutEventsResultEntry = {}): Outcome =>
  outcomeOf(ErrorCode, `EventBridge: ${ErrorCode ?? 'no result'}: ${ErrorMessage ?? ''}`)

/**
 * What sends events to buses.
 *
 * A request has one event: those of one tag go one after the other, and AWS charges events, not requests.
 */
export const createBusPost = (): Post => {
  const clients = new Map<string, EventBridgeClient>()
  const clientFor = (region: string): EventBridgeClient => {
    const client = clients.get(region) ?? new EventBridgeClient({ region })
    clients.set(region, client)
    return client
  }
  return async ({ url }, record, signal) => {
    const entry = eventBridgeEntry(record)
    const size = sizeOf(entry)
    if (size > MOST_BYTES) {
      return { kind: 'refused', why: `it has ${size} bytes, EventBridge takes ${MOST_BYTES}` }
    }
    try {
      const { FailedEntryCount, Entries = [] } = await clientFor(regionOfBus(url)).send(
        new PutEventsCommand({ Entries: [{ ...entry, EventBusName: url.href }] }),
        { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) },
      )
      return FailedEntryCount === 0 ? { kind: 'delivered' } : outcomeOfEntry(Entries[0])
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      return outcomeOf(name, `EventBridge: ${name}: ${message}`)
    }
  }
}
