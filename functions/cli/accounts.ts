/**
 * What the commands on accounts have in common.
 *
 * @module
 */

import { groupsOf } from '../auth/accounts/accounts.ts'
import { type Groups, parseGroups, withoutMembers } from '../auth/accounts/groups.ts'
import { type Edit, readDocument } from '../auth/document.ts'
import { MAX_AGE } from '../auth/live.ts'
import { GROUPS_KEY } from '../registry/layout.ts'
import { quoted } from '../shared/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import { CommandError, UsageError } from './errors.ts'

/**
 * Said after every change.
 *
 * @param absent whether there was nothing of a registry before
 */
export const seenWithin = (absent: boolean): string =>
  absent
    ? 'A server that is started on this store will see it.'
    : `Running registries see it within ${MAX_AGE / 1000 + 10} seconds.`

/**
 * Checks a new name.
 *
 * @param what whose it is: a user's, a robot's or a group's
 * @param fault says what is wrong with it
 * @throws UsageError
 */
export const checkName = (
  what: string,
  name: string,
  fault: (name: string) => string | undefined,
): void => {
  const wrong = fault(name)
  if (wrong !== undefined)
    throw new UsageError(`${quoted(name)} is not a valid ${what} name: ${wrong}`)
}

/** The failure of a command on something that does not exist. */
export const noSuch = (what: string, name: string): CommandError =>
  new CommandError(`there is no ${what} ${quoted(name)}: see slipway ${what} list`)

/** Reads all groups. @throws DocumentError, StoreError */
export const readGroups = async (store: ObjectStore): Promise<Groups> =>
  parseGroups(await readDocument(store, GROUPS_KEY))

/** Takes an account out of all groups, so that a new one of the same name is in none. */
export const leaveGroups = ({ edit }: { readonly edit: Edit }, account: string): Promise<boolean> =>
  edit(GROUPS_KEY, (text) => {
    if (text === undefined || groupsOf(parseGroups(text), account).length === 0) return undefined
    return withoutMembers(text, [account])
  })

/** A line of a list of accounts: columns divided by tabs, the last with the account's groups. */
export const listLine = (groups: Groups, account: string, ...more: readonly string[]): string =>
  [account, ...more, groupsOf(groups, account).join(',')].join('\t').trimEnd()
