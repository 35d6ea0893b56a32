/**
 * The failures of stores.
 *
 * @module
 */

/** Why a store did not do what was asked. */
export type StoreFailure =
  | 'precondition'
  | 'checksum'
  | 'range'
  | 'missing'
  | 'multipart'
  | 'full'
  | 'unavailable'

/** The expected failures of a store; anything else an adapter throws is a fault. */
export class StoreError extends Error {
  readonly failure: StoreFailure

  /**
   * @param failure what kind of failure it was
   * @param message what was asked of which key, and what the store said
   */
  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.failure = failure
  }
}

/** Whether an error is a store's failure of one of the given kinds. */
export const isStoreError = (error: unknown, ...failures: StoreFailure[]): error is StoreError =>
  error instanceof StoreError && failures.includes(error.failure)
