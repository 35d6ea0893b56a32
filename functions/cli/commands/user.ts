/**
 * `slipway user`: people who log in.
 *
 * @module
 */

import { hashPassword, passwordFault } from '../../auth/accounts/bcrypt.ts'
import { hasUser, readHtpasswd, withoutUser, withUser } from '../../auth/accounts/htpasswd.ts'
import { userNameFault } from '../../auth/accounts/names.ts'
import { readDocument } from '../../auth/document.ts'
import { HTPASSWD_KEY, POLICY_KEY } from '../../registry/layout.ts'
import { checkName, leaveGroups, listLine, noSuch, readGroups } from '../accounts.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'
import { STARTER_POLICY } from './policy.ts'

/** A user, and where the password comes from. */
interface Given {
  readonly args: { readonly name: string }
  readonly flags: { readonly 'password-stdin': boolean }
}

const newHash = async ({ readPassword }: StoreIo, fromStdin: boolean): Promise<string> => {
  const password = await readPassword(fromStdin)
  const wrong = passwordFault(password)
  if (wrong !== undefined) throw new CommandError(`the password cannot be used: ${wrong}`)
  return hashPassword(password)
}

/** Gives a user a password. @param exists whether the user must be there, or must not */
const setPassword = async (
  io: StoreIo,
  { args: { name }, flags }: Given,
  exists: boolean,
): Promise<void> => {
  checkName('user', name, userNameFault)
  const check = (text: string | undefined): void => {
    const found = hasUser(text, name)
    // What no user can be read from is another file, which is left as it is.
    if (!found) readHtpasswd(text)
    if (found === exists) return
    if (exists) throw noSuch('user', name)
    throw new CommandError(`there is a user ${name} already: see slipway user passwd`)
  }
  // Before a password is asked for in vain, and again on what is then changed.
  check(await readDocument(io.store, HTPASSWD_KEY))
  const hash = await newHash(io, flags['password-stdin'])
  await io.edit(HTPASSWD_KEY, (text) => {
    check(text)
    return withUser(text, name, hash)
  })
}

/** Writes the policy to start from, unless there is one. */
const startPolicy = async ({ edit, say }: StoreIo): Promise<void> => {
  const written = await edit(POLICY_KEY, (text) =>
    text === undefined ? STARTER_POLICY : undefined,
  )
  if (!written) return
  say(
    'There was no policy. The one now created lets every account do everything, and others nothing.',
  )
  say('See slipway policy show, and slipway policy set.')
}

/** `slipway user add`. */
export const addUser = async (io: StoreIo, given: Given): Promise<void> => {
  await setPassword(io, given, false)
  io.say(`Added the user ${given.args.name}.`)
  await startPolicy(io)
  io.say(io.seen)
}

/** `slipway user passwd`. */
export const changePassword = async (io: StoreIo, given: Given): Promise<void> => {
  await setPassword(io, given, true)
  io.say(`Changed the password of ${given.args.name}.`)
  io.say(io.seen)
}

/** `slipway user remove`. */
export const removeUser = async (
  io: StoreIo,
  { args: { name } }: Pick<Given, 'args'>,
): Promise<void> => {
  await io.edit(HTPASSWD_KEY, (text) => {
    if (text === undefined || !hasUser(text, name)) throw noSuch('user', name)
    return withoutUser(text, name)
  })
  await leaveGroups(io, name)
  io.say(`Removed the user ${name}.`)
  io.say(io.seen)
}

/** `slipway user list`. */
export const listUsers = async ({ store, print, say }: StoreIo): Promise<void> => {
  const { users, faults } = readHtpasswd(await readDocument(store, HTPASSWD_KEY))
  for (const fault of faults) say(`This line is left out: ${fault}.`)
  const groups = await readGroups(store)
  for (const user of users.keys()) print(listLine(groups, user))
}
