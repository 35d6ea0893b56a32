/**
 * What is recorded of each event until every receiver has it: one object under `slipway/v1/events/outbox/`, written
 * before the last write that makes it true. So no event is lost when a process dies, but there may be one of a write
 * that never came about: whoever delivers looks first (`proof`).
 *
 * @module
 */

import * as z from '../shared/schema.ts'

/** Where records wait, in the order of their times. */
export const OUTBOX = 'slipway/v1/events/outbox/'

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  /** Bytes. */
  size: z.int(),
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
      references: z.optional(z.array(descriptor)),
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
   * What shows that it happened: an object that is there from then on, or (`absent`) no longer. A record without one
   * is always delivered.
   */
  proof: z.optional(z.object({ key: z.string(), absent: z.optional(z.boolean()) })),
})

/** An event that waits for its receivers. */
export type EventRecord = z.output<typeof eventRecordSchema>

/** The key of a record: keys sort by time, to the millisecond. */
export const outboxKey = ({ at, id }: Pick<EventRecord, 'at' | 'id'>): string =>
  `${OUTBOX}${String(at).padStart(13, '0')}-${id}`
