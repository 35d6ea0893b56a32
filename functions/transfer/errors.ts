/**
 * What can go wrong in a transfer.
 *
 * @module
 */

/** A transfer that cannot be done; its message is one line for the person who asked for it. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
}

/** A refusal of a server. */
export class RefusedError extends TransferError {
  readonly status: number
  /** Milliseconds after which it wants to be asked again, if it says so. */
  readonly after: number | undefined
  constructor(message: string, status: number, after: number | undefined) {
    super(message)
    this.status = status
    this.after = after
  }
}

/** What is wanted is not where it should come from. */
export class MissingError extends TransferError {
  /** Whether it says who refers to it. */
  readonly told: boolean
  constructor(message: string, told = false) {
    super(message)
    this.told = told
  }
}

/** A server that asks to be left alone for longer than anybody waits here. */
export class BusyError extends TransferError {
  /** Milliseconds after which it wants to be asked again. */
  readonly after: number
  constructor(message: string, after: number) {
    super(message)
    this.after = after
  }
}
