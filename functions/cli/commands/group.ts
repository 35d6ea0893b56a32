/**
 * `slipway group`: accounts that a policy names together.
 *
 * @module
 */

import { addMembers, readGroups, removeMembers } from '../../auth/accounts/administer/groups.ts'
import { onAccounts } from '../accounts.ts'
import type { AccountsIo } from '../ways/accounts-io.ts'

const HELP = { absent: 'group list' } as const

/** A group, and some of its members. */
interface Given {
  readonly args: { readonly group: string; readonly member: readonly string[] }
}

/** `slipway group add`. */
export const addToGroup = async (io: AccountsIo, { args }: Given): Promise<void> => {
  const { group, member: members } = args
  await onAccounts(HELP, () => addMembers(io.edit, group, members))
  for (const member of await io.strangersAmong(members)) {
    io.say(`There is no account ${member} yet.`)
  }
  io.say(`Added ${members.join(', ')} to the group ${group}.`)
  io.say(io.seen)
}

/** `slipway group remove`. */
export const removeFromGroup = async (
  { edit, say, seen }: AccountsIo,
  { args }: Given,
): Promise<void> => {
  const { group, member: members } = args
  await onAccounts(HELP, () => removeMembers(edit, group, members))
  say(
    members.length === 0
      ? `Removed the group ${group}.`
      : `Removed ${members.join(', ')} from the group ${group}.`,
  )
  say(seen)
}

/** `slipway group list`. */
export const listGroups = async ({ store, print }: AccountsIo): Promise<void> => {
  for (const [name, all] of await readGroups(store)) print([name, ...all].join('\t'))
}
