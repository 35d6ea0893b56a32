/**
 * `slipway user`: people who log in.
 *
 * @module
 */

import { readGroups } from '../../auth/accounts/administer/groups.ts'
import { passwordFault } from '../../auth/accounts/bcrypt.ts'
import { listLine, onAccounts } from '../accounts.ts'
import { CommandError } from '../errors.ts'
import type { AccountsIo } from '../ways/accounts-io.ts'
import { STARTER_POLICY } from './policy.ts'

const HELP = { absent: 'user list', present: 'user passwd' } as const

/** A user, and where the password comes from. */
interface Given {
  readonly args: { readonly name: string }
  readonly flags: { readonly 'password-stdin': boolean }
}

/** Gives a user a password. @param exists whether the user must be there, or must not */
const setPassword = (
  io: AccountsIo,
  { args: { name }, flags }: Given,
  exists: boolean,
): Promise<void> =>
  onAccounts(HELP, () =>
    io.setPassword(name, exists, async () => {
      const password = await io.readPassword(flags['password-stdin'])
      const wrong = passwordFault(password)
      if (wrong === undefined) return password
      throw new CommandError(`the password cannot be used: ${wrong}`)
    }),
  )

/** Writes the policy to start from, unless there is one. */
const startPolicy = async (io: AccountsIo): Promise<void> => {
  if (!(await io.startPolicy(STARTER_POLICY))) return
  const { say } = io
  say(
    'There was no policy. The one now created lets every account do everything, and others nothing.',
  )
  say('See slipway policy show, and slipway policy set.')
}

/** `slipway user add`. */
export const addUser = async (io: AccountsIo, given: Given): Promise<void> => {
  await setPassword(io, given, false)
  io.say(`Added the user ${given.args.name}.`)
  await startPolicy(io)
  io.say(io.seen)
}

/** `slipway user passwd`. */
export const changePassword = async (io: AccountsIo, given: Given): Promise<void> => {
  await setPassword(io, given, true)
  io.say(`Changed the password of ${given.args.name}.`)
  io.say(io.seen)
}

/** `slipway user remove`. */
export const removeUser = async (
  io: AccountsIo,
  { args: { name } }: Pick<Given, 'args'>,
): Promise<void> => {
  await onAccounts(HELP, () => io.removeUser(name))
  io.say(`Removed the user ${name}.`)
  io.say(io.seen)
}

/** `slipway user list`. */
export const listUsers = async (io: AccountsIo): Promise<void> => {
  const { names, leftOut } = await io.users()
  for (const fault of leftOut) io.say(`This line is left out: ${fault}.`)
  const groups = await readGroups(io.store)
  for (const user of [...names].sort()) io.print(listLine(groups, user))
}
