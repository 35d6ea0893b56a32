/**
 * Attempts that a network needs.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'

import { ClosedError } from '../registry/http.ts'

const ATTEMPTS = 5
/** Longest wait before an attempt, in milliseconds. */
const LONGEST = 8_000

/** What no further attempt would change. */
export class Refusal extends Error {
  readonly reason: Error
  constructor(reason: Error) {
    super(reason.message)
    this.reason = reason
  }
}

const backOff = (attempt: number): Promise<void> =>
  delay(Math.min(LONGEST, 200 * 2 ** attempt) * (0.5 + Math.random() / 2))

/**
 * Does something until it works, some times. A failure of one attempt may be the network's.
 *
 * @param work undefined: it did not work
 * @throws the reason of a {@link Refusal}, or what `failed` makes after the last attempt
 */
export const trying = async <T>(
  work: () => Promise<T | undefined>,
  failed: () => Error,
): Promise<T> => {
  let cause: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await backOff(attempt)
    try {
      const done = await work()
      if (done !== undefined) return done
    } catch (error) {
      if (error instanceof Refusal) throw error.reason
      if (error instanceof ClosedError) throw error
      cause = error
    }
  }
  throw Object.assign(failed(), { cause })
}
