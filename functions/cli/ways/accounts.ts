/**
 * Commands on accounts.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { AccountsIo } from './accounts-io.ts'

/** Makes entries of the table for commands on accounts. */
export const accountsCommand = eitherCommand<AccountsIo>({
  store: async (io) => (await import('./accounts-in-store.ts')).inStore(io),
  registry: async (io) => (await import('../remote/accounts.ts')).fromAfar(io),
})
