/**
 * `slipway user`: people who log in.
 *
 * @module
 */

import { absent, present } from '../../auth/accounts/administer/errors.ts'
import { readGroups } from '../../auth/accounts/administer/groups.ts'
import {
  readUsers,
  removeUser as removeAccount,
  setPassword as setPasswordOf,
} from '../../auth/accounts/administer/users.ts'
import { hashPassword, passwordFault } from '../../auth/accounts/bcrypt.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import { listLine, onAccounts } from '../accounts.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'
import { STARTER_POLICY } from './policy.ts'

const HELP = { absent: 'user list', present: 'user passwd' } as const

/** A user, and where the password comes from. */
interface Given {
  readonly args: { readonly name: string }
  readonly flags: { readonly 'password-stdin': boolean }
}

/** Gives a user a password. @param exists whether the user must be there, or must not */
const setPassword = (
  { store, edit, readPassword }: StoreIo,
  { args: { name }, flags }: Given,
  exists: boolean,
): Promise<void> =>
  onAccounts(HELP, () =>
    setPasswordOf({
      store,
      edit,
      name,
      expect(line) {
        if (exists && line === undefined) throw absent('user', name)
        if (!exists && line !== undefined) throw present('user', name)
      },
      async newHash() {
        const password = await readPassword(flags['password-stdin'])
        const wrong = passwordFault(password)
        if (wrong !== undefined) throw new CommandError(`the password cannot be used: ${wrong}`)
        return hashPassword(password)
      },
    }),
  )

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
  await onAccounts(HELP, () => removeAccount(io.edit, name))
  io.say(`Removed the user ${name}.`)
  io.say(io.seen)
}

/** `slipway user list`. */
export const listUsers = async ({ store, print, say }: StoreIo): Promise<void> => {
  const { users, faults } = await readUsers(store)
  for (const fault of faults) say(`This line is left out: ${fault}.`)
  const groups = await readGroups(store)
  for (const user of users.keys()) print(listLine(groups, user))
}
