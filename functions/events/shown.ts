/**
 * Deliveries as an administrator sees them, on the command line and by the admin API: without what the client's
 * request has told of the client.
 *
 * @module
 */

import * as z from '../shared/schema.ts'
import type { DeadLetter } from './dead-letters.ts'
import type { Delivery } from './keys.ts'

const date = z.iso.datetime()

/** An event that waits for a receiver. */
export const waitingSchema = z.object({ receiver: z.string(), id: z.string(), at: date })

/** An event that could not be delivered. */
export const deadSchema = z.extend(waitingSchema, {
  /** What was given up, when and why; absent where it is damaged. */
  event: z.optional(
    z.object({
      since: date,
      why: z.string(),
      action: z.string(),
      repository: z.optional(z.string()),
      target: z.optional(z.looseObject({})),
      facts: z.optional(z.record(z.string(), z.union([z.string(), z.number()]))),
      actor: z.optional(z.string()),
    }),
  ),
})

export type Waiting = z.output<typeof waitingSchema>
export type Dead = z.output<typeof deadSchema>

/** Most characters of a media type (RFC 6838 section 4.2). */
const LONGEST_TYPE = 255

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** What is shown of an event that waits. */
export const shownWaiting = ({ receiver, id, at }: Delivery): Waiting => ({
  receiver,
  id,
  at: iso(Number(at)),
})

/** What is shown of an event that could not be delivered. */
export const shownDead = ({ delivery, event }: DeadLetter): Dead => {
  const base = shownWaiting(delivery)
  if (event === undefined) return base
  const { since, why, record } = event
  const { action, repository, facts, actor } = record
  // What a manifest refers to, and what it says to be, may be megabytes.
  const { references: _, artifactType, ...target } = record.target ?? {}
  const type = artifactType && { artifactType: artifactType.slice(0, LONGEST_TYPE) }
  return {
    ...base,
    event: {
      since: iso(since),
      why,
      action,
      repository,
      target: record.target && { ...target, ...type },
      facts,
      actor,
    },
  }
}
