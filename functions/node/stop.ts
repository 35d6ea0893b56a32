/**
 * The end of a server: requests under way are finished, but not waited for without end.
 *
 * @module
 */

import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchanges } from './exchange.ts'

/** How long the end of a server may take. */
export interface StopLimits {
  /** Seconds after which connections are closed whatever is under way. */
  readonly seconds: number
  /**
   * Milliseconds for the work of requests whose connections were cut: they delete what they have staged.
   * What is left then, the clean-up of stale uploads takes.
   */
  readonly cleanUp: number
}

/** Milliseconds between two looks for connections on which nothing is under way any more. */
const IDLE_CHECK = 50

/**
 * Stops a server. It takes no new connections; those on which nothing is under way are closed, and the
 * others as soon as their responses are sent.
 */
export const stopServer = async (
  server: Server,
  { seconds, cleanUp }: StopLimits,
  exchanges: Exchanges,
): Promise<void> => {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
  })
  server.closeIdleConnections()
  // A connection would be kept after its last response, and Node does not tell when it has been sent.
  const watch = setInterval(() => server.closeIdleConnections(), IDLE_CHECK)
  const deadline = setTimeout(() => {
    exchanges.cutAll({ why: 'stopped', seconds })
    server.closeAllConnections()
  }, seconds * 1000)
  try {
    await closed
  } finally {
    clearTimeout(deadline)
    clearInterval(watch)
  }
  await Promise.race([exchanges.settled(), sleep(cleanUp, undefined, { ref: false })])
}
