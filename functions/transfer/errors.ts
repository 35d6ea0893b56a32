/**
 * What can go wrong in a transfer.
 *
 * @module
 */

/** A transfer that cannot be done; its message is one line for the person who asked for it. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
}
