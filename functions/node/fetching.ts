/**
 * What a server fetches from upstreams behind the backs of its clients.
 *
 * @module
 */

import type { Fetching } from '../compose/pull-through.ts'

/** Begins with nothing under way. `end` has it end, and waits for that. */
export const createFetching = (): Fetching & { end(): Promise<void> } => {
  const underWay = new Set<Promise<unknown>>()
  const ending = new AbortController()
  return {
    signal: ending.signal,
    behind(work) {
      underWay.add(work)
      void work.finally(() => underWay.delete(work))
    },
    async end() {
      ending.abort()
      await Promise.all(underWay)
    },
  }
}
