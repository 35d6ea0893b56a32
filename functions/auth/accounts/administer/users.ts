/**
 * Users, as an administrator changes them.
 *
 * @module
 */

import { HTPASSWD_KEY } from '../../../registry/layout.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import { type Edit, readDocument } from '../../document.ts'
import { robotName } from '../../identity.ts'
import { passwordFault } from '../bcrypt.ts'
import {
  type Htpasswd,
  lineOf,
  readHtpasswd,
  type Users,
  withNewUsers,
  withoutUser,
  withUser,
} from '../htpasswd.ts'
import { userNameFault } from '../names.ts'
import { AccountError, absent, checkName } from './errors.ts'
import { leaveGroups } from './groups.ts'

/** Reads all users. @throws DocumentError, StoreError */
export const readUsers = async (store: ObjectStore): Promise<Htpasswd> =>
  readHtpasswd(await readDocument(store, HTPASSWD_KEY))

/** A user, and what must be there so far. */
export interface PasswordChange {
  readonly store: ObjectStore
  readonly edit: Edit
  readonly name: string
  /** Looks at the user's line of htpasswd, undefined if there is none; throws where that is not as expected. */
  readonly expect: (line: string | undefined) => void
  /** Makes the hash of the password; called if all is as expected. */
  readonly newHash: () => Promise<string>
}

/**
 * Gives a user a password.
 *
 * @throws AccountError INVALID, and what `expect` throws; DocumentError where the document is another file
 */
export const setPassword = async ({
  store,
  edit,
  name,
  expect,
  newHash,
}: PasswordChange): Promise<void> => {
  checkName('user', name, userNameFault)
  const check = (text: string | undefined): void => {
    const line = lineOf(text, name)
    // What no user can be read from is another file, which is left as it is.
    if (line === undefined) readHtpasswd(text)
    expect(line)
  }
  // Before a password is asked for in vain, and again on what is then changed.
  check(await readDocument(store, HTPASSWD_KEY))
  const hash = await newHash()
  await edit(HTPASSWD_KEY, (text) => {
    check(text)
    return withUser(text, name, hash)
  })
}

/** Checks a new password. @throws AccountError INVALID */
export const checkPassword = (password: string): void => {
  const wrong = passwordFault(password)
  if (wrong === undefined) return
  throw new AccountError('INVALID', `the password cannot be used: ${wrong}`)
}

/**
 * Removes a user, also from all groups. What a removal that has died has left in groups is removed by the next.
 *
 * @param expect see {@link PasswordChange}
 * @throws AccountError ABSENT
 */
export const removeUser = async (
  edit: Edit,
  name: string,
  expect: (line: string | undefined) => void = () => {},
): Promise<void> => {
  const removed = await edit(HTPASSWD_KEY, (text) => {
    const line = lineOf(text, name)
    expect(line)
    return text === undefined || line === undefined ? undefined : withoutUser(text, name)
  })
  // What begins with robot+ is a robot, which keeps its groups.
  const left = robotName(name) === undefined && (await leaveGroups(edit, name))
  if (!removed && !left) throw absent('user', name)
}

/** What became of users that were to be added. */
export interface Imported {
  readonly added: readonly string[]
  /** Those that have another password, which they keep. */
  readonly kept: readonly string[]
}

/** Adds users with their hashes. Those that are there keep their passwords. */
export const importUsers = async (edit: Edit, given: Users): Promise<Imported> => {
  let result: Imported = { added: [], kept: [] }
  await edit(HTPASSWD_KEY, (text) => {
    const { text: changed, added, others } = withNewUsers(text, given)
    result = { added, kept: others }
    return changed
  })
  return result
}
