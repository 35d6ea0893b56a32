/**
 * What is recorded of each event until every receiver has it: one object under `slipway/v1/events/outbox/`, written
 * before the last write that makes it true. So no event is lost when a process dies, but there may be one of a write
 * that never came about: whoever delivers looks first (proof.ts). A request leaves one record, also where it is several
 * events: {@link eventsOf} tells them apart.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Origin } from '../registry/happened.ts'
import * as z from '../shared/schema.ts'

/** Where records wait, in the order of their times. */
export const OUTBOX = 'slipway/v1/events/outbox/'

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  /** Bytes. */
  size: z.int(),
})

const proof = z.object({
  key: z.string(),
  absent: z.optional(z.boolean()),
  /** Whether a delete leaves nothing of it: then nothing to be seen proves nothing. */
  fleeting: z.optional(z.boolean()),
})

export const eventRecordSchema = z.object({
  version: z.literal(1),
  /** A UUID, the same in each delivery. */
  id: z.uuid(),
  /** Milliseconds since 1970. */
  at: z.int(),
  /** `push` of a blob or manifest; `tag`: an existing tag names another manifest from now on. */
  action: z.enum(['push', 'pull', 'mount', 'delete', 'undelete', 'tag', 'quota', 'policy']),
  /** Absent for a policy. */
  repository: z.optional(z.string()),
  /** What it is about; a deleted tag has no descriptor, a deleted blob or manifest no more than its digest. */
  target: z.optional(
    z.extend(z.partial(descriptor), {
      tag: z.optional(z.string()),
      /** What the tag named before. */
      previous: z.optional(z.string()),
      /** Where a blob was mounted from. */
      fromRepository: z.optional(z.string()),
      artifactType: z.optional(z.string()),
      /** What a manifest refers to. */
      references: z.optional(
        z.array(
          z.extend(descriptor, {
            urls: z.optional(z.array(z.string())),
            annotations: z.optional(z.record(z.string(), z.string())),
          }),
        ),
      ),
    }),
  ),
  /** Further facts of quotas and policies, as text: no secrets. */
  facts: z.optional(z.record(z.string(), z.union([z.string(), z.number()]))),
  /** Who did it, as `alice`; absent for anonymous callers, and for what no caller did. */
  actor: z.optional(z.string()),
  /** The client's request, if there was one. */
  request: z.optional(
    z.object({
      id: z.string(),
      /** Address and perhaps port of the client. */
      addr: z.optional(z.string()),
      /** The registry's name, as the client used it. */
      host: z.optional(z.string()),
      method: z.string(),
      userAgent: z.optional(z.string()),
    }),
  ),
  /**
   * What shows that it happened: an object that is there from then on, or (`absent`) a link that is there no longer. A
   * record without one is always delivered.
   */
  proof: z.optional(proof),
  /**
   * Tags of one request: it stands for an event of each. One of a push that has a `previous` is a `tag` event, too.
   * Absent in what `eventsOf` gives.
   */
  tags: z.optional(
    z.array(
      z.object({
        tag: z.string(),
        /** The manifest that the tag named before, where that is another. */
        previous: z.optional(z.string()),
        /** Default: that of the record. */
        proof: z.optional(proof),
      }),
    ),
  ),
})

/** An event that waits for its receivers. */
export type EventRecord = z.output<typeof eventRecordSchema>

/** Most characters of what a client calls itself. */
const MAX_AGENT = 256

/** What is kept of a request. */
export const requestOf = (
  request: NonNullable<Origin['request']>,
): NonNullable<Origin['request']> => ({
  ...request,
  userAgent: request.userAgent?.slice(0, MAX_AGENT),
})

/** What decides whether somebody wants an event. */
export type Wantable = Pick<EventRecord, 'action' | 'repository' | 'proof'>

/** Whether it is about a blob, which alone has a link of that kind. */
export const isOfBlob = ({ proof }: Wantable): boolean => proof?.key.includes('/_layers/') ?? false

/** Bytes of a UUID, with the bits that say so (RFC 9562, version 8). */
const asUuid = (hex: string): string => {
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  const [a, b, c, d] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20)]
  return `${a}-${b}-8${c}-${variant}${d}-${hex.slice(20, 32)}`
}

/** The id of an event of a record that stands for several: the same each time. */
const idOf = (id: string, action: string, tag: string): string =>
  asUuid(createHash('sha256').update(`${id} ${action} ${tag}`).digest('hex'))

/** The events that a record stands for, in order; each with an id that is the same each time. */
export const eventsOf = ({ tags, ...record }: EventRecord): readonly EventRecord[] => {
  if (tags === undefined) return [record]
  const { id, target, action } = record
  return tags.flatMap(({ tag, previous, proof = record.proof }) => {
    const event = {
      ...record,
      id: idOf(id, action, tag),
      target: { ...target, tag },
      ...(proof === undefined ? {} : { proof }),
    }
    if (previous === undefined) return [event]
    const moved = { ...event, id: idOf(id, 'tag', tag), action: 'tag' as const }
    return [event, { ...moved, target: { ...event.target, previous } }]
  })
}

/** The key of a record: keys sort by time, to the millisecond. */
export const outboxKey = ({ at, id }: Pick<EventRecord, 'at' | 'id'>): string =>
  `${OUTBOX}${String(at).padStart(13, '0')}-${id}`
