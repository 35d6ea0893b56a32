/**
 * Whether a server is ready for requests, by how its own have fared: the store is not asked for it.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Calls in a row that the store has to fail. One alone may be one object's, or a moment's. */
export const FAILED_CALLS = 5
/**
 * Milliseconds after the last of them for which a server is not ready. A server that gets no requests does not
 * see the store come back: then it has to be tried again.
 */
export const REMEMBERED_FOR = 30_000

export interface Health {
  /** Whether requests are to be sent here. A change is in the log. */
  isReady(store: Pick<ObjectStore, 'lastCalls'>): boolean
  /** From now on it is not ready: the server is about to end. */
  stop(): void
}

/**
 * A server that is ready, until it is stopped or its store fails.
 *
 * @param now clock of `LastCalls.failedAt`
 */
export const createHealth = (
  logger: Pick<RequestLogger, 'info' | 'warn'>,
  now: () => number = () => performance.now(),
): Health => {
  let stopping = false
  let responded = true
  return {
    isReady({ lastCalls: { unavailable, failedAt } }) {
      const responds = unavailable < FAILED_CALLS || now() - failedAt > REMEMBERED_FOR
      if (responds !== responded) {
        responded = responds
        if (responds) logger.info({ unavailable }, 'ready again: requests may reach the store')
        else logger.warn({ unavailable }, 'not ready: the last calls of the store have failed')
      }
      return responds && !stopping
    },
    stop() {
      stopping = true
    },
  }
}
