/**
 * Work that ends with the request that it is for, or before: on hosts that stand still between requests.
 *
 * @module
 */

import { AsyncLocalStorage } from 'node:async_hooks'

export interface Within {
  /** Does work. When it is over, or takes too long, what it began ends, too. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Ends what the work that this is asked from has begun. */
  signal(): AbortSignal | undefined
}

/** @param most milliseconds that each work may take */
export const createWithin = (most: number): Within => {
  const signals = new AsyncLocalStorage<AbortSignal>()
  return {
    signal: () => signals.getStore(),
    async run(work) {
      const ending = new AbortController()
      const timer = setTimeout(() => ending.abort(), most)
      try {
        return await signals.run(ending.signal, work)
      } finally {
        clearTimeout(timer)
        ending.abort()
      }
    },
  }
}
