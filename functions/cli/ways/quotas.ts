/**
 * Commands on quotas.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { QuotasIo } from './quotas-io.ts'

/** Makes entries of the table for commands on quotas. */
export const quotasCommand = eitherCommand<QuotasIo>({
  store: async (io) => (await import('./quotas-in-store.ts')).inStore(io),
  registry: async (io) => (await import('../remote/quotas.ts')).fromAfar(io),
})
