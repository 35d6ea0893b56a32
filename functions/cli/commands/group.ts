/**
 * `slipway group`: accounts that a policy names together.
 *
 * @module
 */

import {
  parseGroups,
  withMembers,
  withoutGroup,
  withoutMembers,
} from '../../auth/accounts/groups.ts'
import { hasUser } from '../../auth/accounts/htpasswd.ts'
import { groupNameFault, robotNameFault, userNameFault } from '../../auth/accounts/names.ts'
import { parseRobots } from '../../auth/accounts/robots.ts'
import { readDocument } from '../../auth/document.ts'
import { robotName } from '../../auth/identity.ts'
import { GROUPS_KEY, HTPASSWD_KEY, ROBOTS_KEY } from '../../registry/layout.ts'
import { quoted } from '../../shared/errors.ts'
import { checkName, noSuch, readGroups } from '../accounts.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'

/** A group, and some of its members. */
interface Given {
  readonly args: { readonly group: string; readonly member: readonly string[] }
}

/** Says which members have no account: most likely they are misspelt. */
const sayStrangers = async ({ store, say }: StoreIo, members: readonly string[]): Promise<void> => {
  const users = await readDocument(store, HTPASSWD_KEY)
  const robots = parseRobots(await readDocument(store, ROBOTS_KEY))
  for (const member of members) {
    const robot = robotName(member)
    const known = robot === undefined ? hasUser(users, member) : robots.has(robot)
    if (!known) say(`There is no account ${member} yet.`)
  }
}

/** `slipway group add`. */
export const addToGroup = async (io: StoreIo, { args }: Given): Promise<void> => {
  const { group, member: members } = args
  checkName('group', group, groupNameFault)
  for (const member of members) {
    const robot = robotName(member)
    if (robot === undefined) checkName('user', member, userNameFault)
    else checkName('robot', robot, robotNameFault)
  }
  await io.edit(GROUPS_KEY, (text) => withMembers(text, group, members))
  await sayStrangers(io, members)
  io.say(`Added ${members.join(', ')} to the group ${group}.`)
  io.say(io.seen)
}

/** `slipway group remove`. */
export const removeFromGroup = async (
  { edit, say, seen }: StoreIo,
  { args }: Given,
): Promise<void> => {
  const { group, member: members } = args
  await edit(GROUPS_KEY, (text) => {
    const present = parseGroups(text).get(group)
    if (text === undefined || present === undefined) throw noSuch('group', group)
    const stranger = members.find((member) => !present.has(member))
    if (stranger !== undefined) {
      throw new CommandError(`${quoted(stranger)} is not in the group ${group}`)
    }
    return members.length === 0 ? withoutGroup(text, group) : withoutMembers(text, members, group)
  })
  say(
    members.length === 0
      ? `Removed the group ${group}.`
      : `Removed ${members.join(', ')} from the group ${group}.`,
  )
  say(seen)
}

/** `slipway group list`. */
export const listGroups = async ({ store, print }: StoreIo): Promise<void> => {
  for (const [name, all] of await readGroups(store)) print([name, ...all].join('\t'))
}
