/**
 * Groups, as an administrator changes them.
 *
 * @module
 */

import { GROUPS_KEY, HTPASSWD_KEY, ROBOTS_KEY } from '../../../registry/layout.ts'
import { quoted } from '../../../shared/errors.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import { type DocumentSource, type Edit, readDocument } from '../../document.ts'
import { robotName } from '../../identity.ts'
import { groupsOf } from '../accounts.ts'
import { type Groups, parseGroups, withMembers, withoutGroup, withoutMembers } from '../groups.ts'
import { hasUser } from '../htpasswd.ts'
import { groupNameFault, robotNameFault, userNameFault } from '../names.ts'
import { parseRobots } from '../robots.ts'
import { AccountError, absent, checkName } from './errors.ts'

/** Reads all groups. @throws DocumentError, StoreError */
export const readGroups = async (store: DocumentSource): Promise<Groups> =>
  parseGroups(await readDocument(store, GROUPS_KEY))

/**
 * Adds users and robots (`robot+<name>`) to a group, which is created if necessary.
 *
 * @returns whether anything has changed
 * @throws AccountError INVALID
 */
export const addMembers = (
  edit: Edit,
  group: string,
  members: readonly string[],
): Promise<boolean> => {
  checkName('group', group, groupNameFault)
  for (const member of members) {
    const robot = robotName(member)
    if (robot === undefined) checkName('user', member, userNameFault)
    else checkName('robot', robot, robotNameFault)
  }
  return edit(GROUPS_KEY, (text) => withMembers(text, group, members))
}

/** Removes members from a group; without any, all of the group. @throws AccountError ABSENT */
export const removeMembers = async (
  edit: Edit,
  group: string,
  members: readonly string[],
): Promise<void> => {
  await edit(GROUPS_KEY, (text) => {
    const there = parseGroups(text).get(group)
    if (text === undefined || there === undefined) throw absent('group', group)
    const stranger = members.find((member) => !there.has(member))
    if (stranger !== undefined) {
      throw new AccountError('ABSENT', `${quoted(stranger)} is not in the group ${group}`)
    }
    return members.length === 0 ? withoutGroup(text, group) : withoutMembers(text, members, group)
  })
}

/** Takes an account out of all groups, so that a new one of the same name is in none. @returns whether it was in any */
export const leaveGroups = (edit: Edit, account: string): Promise<boolean> =>
  edit(GROUPS_KEY, (text) => {
    if (text === undefined || groupsOf(parseGroups(text), account).length === 0) return undefined
    return withoutMembers(text, [account])
  })

/** Those of some members who have no account: most likely they are misspelt. */
export const strangersAmong = async (
  store: ObjectStore,
  members: readonly string[],
): Promise<readonly string[]> => {
  const users = await readDocument(store, HTPASSWD_KEY)
  const robots = parseRobots(await readDocument(store, ROBOTS_KEY))
  return members.filter((member) => {
    const robot = robotName(member)
    return robot === undefined ? !hasUser(users, member) : !robots.has(robot)
  })
}
