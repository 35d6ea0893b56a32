/**
 * What the commands on accounts have in common.
 *
 * @module
 */

import { groupsOf } from '../auth/accounts/accounts.ts'
import { AccountError } from '../auth/accounts/administer/errors.ts'
import type { Groups } from '../auth/accounts/groups.ts'
import { MAX_AGE } from '../auth/live.ts'
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
 * Does something to accounts.
 *
 * @param help the commands that show what is there, and that change one that is there already
 * @throws UsageError for a name that is not valid, CommandError
 */
export const onAccounts = async <T>(
  help: { readonly absent: string; readonly present?: string },
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AccountError)) throw error
    const { code, message } = error
    if (code === 'INVALID') throw new UsageError(message, { cause: error })
    const see = code === 'ABSENT' ? help.absent : help.present
    throw new CommandError(see === undefined ? message : `${message}: see slipway ${see}`, {
      cause: error,
    })
  }
}

/** A line of a list of accounts: columns divided by tabs, the last with the account's groups. */
export const listLine = (groups: Groups, account: string, ...more: readonly string[]): string =>
  [account, ...more, groupsOf(groups, account).join(',')].join('\t').trimEnd()
