/**
 * What ends with a server, in the order of its end.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'

/** The parts of a server add to both. */
export interface Ends {
  /** Ends at once, when no new connections are taken any more. */
  readonly first: (() => void)[]
  /** Ends one after the other, when the last request has ended. */
  readonly last: (() => Promise<void>)[]
}

/** Nothing yet. */
export const createEnds = (): Ends => ({ first: [], last: [] })

/** What answers requests, as far as its end goes. */
export interface Stoppable {
  /** From now on it says that it is not ready, and goes on. */
  stopSoon(): void
  /** Takes no new connections, and waits for the requests under way, up to the time that is set. */
  stop(): Promise<void>
}

/** Ends a server. @param delay seconds for which it goes on, not ready: balancers see that before they are refused */
export const endServer = async (
  { first, last }: Ends,
  answering: Stoppable,
  delay: number,
): Promise<void> => {
  answering.stopSoon()
  await sleep(delay * 1000)
  for (const end of first) end()
  await answering.stop()
  for (const end of last) await end()
}
