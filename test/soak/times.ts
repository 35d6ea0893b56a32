/**
 * The bounds of the protocol, in seconds instead of minutes. Only for stores that hold to them: the strict S3
 * refuses what was signed longer ago than {@link LANDING}; elsewhere nothing stands between the processes
 * of a test, in which nothing is late.
 *
 * @module
 */
import type { Bounds } from '../../functions/registry/clean-up/bounds.ts'
import type { Times } from '../../functions/registry/clean-up/terms.ts'

/** S: how long a write that was signed can land, in milliseconds. */
export const LANDING = 4_000
/** How long after its claim a delete may be sent; the collector waits meanwhile for those who come for the data. */
const SEND = 4_000
/** R. */
const REQUEST = 4_000
/** Seconds for which instances remember links, and whole seconds of the store's dates. */
const MEMORY = 7_000

/** What the writers go by. */
export const BOUNDS: Bounds = { request: REQUEST, claim: SEND + LANDING, skew: 1_500 }

/** What collectors go by beside writers. */
export const TIMES: Times = {
  grace: REQUEST + LANDING + MEMORY,
  undelete: REQUEST + LANDING + MEMORY,
  claim: SEND + LANDING,
  send: SEND,
  fence: 0,
}

/** What they go by when all others have ended, and what was sent has landed. */
export const AFTERWARDS: Times = { grace: 0, undelete: 0, claim: 0, send: SEND, fence: 0 }
