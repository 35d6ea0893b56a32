/**
 * What an administrator cannot do to accounts.
 *
 * @module
 */

import { CodedError, quoted } from '../../../shared/errors.ts'

export type AccountErrorCode =
  /** A name, a password or a claim cannot be used. */
  | 'INVALID'
  /** There is nothing of this name. */
  | 'ABSENT'
  /** There is one of this name already. */
  | 'PRESENT'

/** An account cannot be changed as it was asked for; the message names the value, and has no secret in it. */
export class AccountError extends CodedError<AccountErrorCode> {
  override readonly name = 'AccountError'
}

/** What accounts and their groups are called. */
export type AccountKind = 'user' | 'robot' | 'group'

/** There is no account of this name. */
export const absent = (what: AccountKind, name: string): AccountError =>
  new AccountError('ABSENT', `there is no ${what} ${quoted(name)}`)

/** There is an account of this name. */
export const present = (what: AccountKind, name: string): AccountError =>
  new AccountError('PRESENT', `there is a ${what} ${name} already`)

/**
 * Checks a new name.
 *
 * @param fault says what is wrong with it
 * @throws AccountError INVALID
 */
export const checkName = (
  what: AccountKind,
  name: string,
  fault: (name: string) => string | undefined,
): void => {
  const wrong = fault(name)
  if (wrong === undefined) return
  throw new AccountError('INVALID', `${quoted(name)} is not a valid ${what} name: ${wrong}`)
}
