/**
 * Commands on the bytes of repositories.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { UsageIo } from './usage-io.ts'

/** Makes entries of the table for commands on the bytes of repositories. */
export const usageCommand = eitherCommand<UsageIo>({
  store: async (io) => (await import('./usage-in-store.ts')).inStore(io),
  registry: async (io) => (await import('../remote/usage.ts')).fromAfar(io),
})
