/**
 * The failures of stores.
 *
 * @module
 */

import type { LastCalls } from './store.ts'

/** Why a store did not do what it was asked to do. */
export type StoreFailure =
  | 'precondition'
  | 'checksum'
  /** The writer's own time was over before it was sent: `PutOptions.inTime`. */
  | 'late'
  | 'range'
  | 'missing'
  | 'multipart'
  | 'full'
  | 'unavailable'

/** An expected failure of a store; anything else that an adapter throws is a bug or damage. */
export class StoreError extends Error {
  readonly failure: StoreFailure

  /**
   * @param failure the kind of failure
   * @param message the operation, the key, and what the store reported
   */
  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.failure = failure
  }
}

/** Whether an error is a failure of a store of one of the given kinds. */
export const isStoreError = (error: unknown, ...failures: StoreFailure[]): error is StoreError =>
  error instanceof StoreError && failures.includes(error.failure)

/** What became of a call that failed: the store did not respond or is full, refused it for a reason, or it is a bug. */
export const outcomeOf = (error: unknown): 'unavailable' | 'full' | 'refused' | 'failed' => {
  if (!(error instanceof StoreError)) return 'failed'
  const { failure } = error
  return failure === 'unavailable' || failure === 'full' ? failure : 'refused'
}

/**
 * Notes a call that failed. A store that refuses what it was asked for is there: only `unavailable` counts
 * against it, and what is no failure of a store says nothing.
 */
export const noteFailure = (calls: LastCalls, error: unknown): void => {
  if (!(error instanceof StoreError)) return
  const isThere = error.failure !== 'unavailable'
  calls.unavailable = isThere ? 0 : calls.unavailable + 1
  if (!isThere) calls.failedAt = performance.now()
}

/**
 * Waits for a write or delete with a condition.
 *
 * @returns false if the condition did not hold: another request was faster
 * @throws whatever else it throws
 */
export const tookPlace = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work
    return true
  } catch (error) {
    if (isStoreError(error, 'precondition')) return false
    throw error
  }
}
