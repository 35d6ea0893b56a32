/**
 * Why a check is not made.
 *
 * @module
 */

/** A check could not be made, because its precondition, which another check reports, is not met. */
export class Unmet extends Error {
  override readonly name = 'Unmet'
}
