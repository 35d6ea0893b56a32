/**
 * Failed log-ins of all workers, counted in the main process: several workers do not let more guesses through than
 * one.
 *
 * @module
 */

import { AccessError } from '../../auth/errors.ts'
import { refuseFor } from '../../auth/throttle/failures.ts'
import type { Attempt, MemoryAttempt, Throttle } from '../../auth/throttle/throttle.ts'
import type { Line } from './line.ts'
import type { Begun, Ending, ToMain } from './questions.ts'

/** The main process's side, for one worker. */
export interface LogIns {
  begin(account: string, address: string): Begun
  end(id: number, how: Ending): void
}

/** What a worker has begun and not ended when it dies counts as failed. */
export const createLogIns = (throttle: {
  attempt(account: string, address: string): MemoryAttempt
}): LogIns => {
  const begun = new Map<number, MemoryAttempt>()
  let next = 0
  return {
    begin(account, address) {
      try {
        const attempt = throttle.attempt(account, address)
        begun.set(next, attempt)
        return { id: next++ }
      } catch (error) {
        if (error instanceof AccessError && error.retryAfter !== undefined) {
          return { wait: error.retryAfter * 1000 }
        }
        throw error
      }
    },
    end(id, how) {
      begun.get(id)?.[how]()
      begun.delete(id)
    },
  }
}

/** A worker's side: as `Throttle.attempt`, by asking the main process. */
export const attemptOver =
  (line: Line<ToMain>): Throttle['attempt'] =>
  async (account, address): Promise<Attempt> => {
    const begun = (await line.ask({ what: 'attempt', account, address })) as Begun
    if ('wait' in begun) refuseFor(begun.wait)
    const ending = (how: Ending) => async () => {
      if ('id' in begun) await line.ask({ what: 'attempted', id: begun.id, how })
    }
    return {
      succeeded: ending('succeeded'),
      failed: ending('failed'),
      // It is told in time, and nobody waits for it.
      withdrawn: () => void ending('withdrawn')().catch(() => {}),
    }
  }
