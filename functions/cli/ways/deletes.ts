/**
 * Commands that delete, and undo deletes.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { DeletesIo } from './deletes-io.ts'

/** Makes entries of the table for commands on deletes. */
export const deletesCommand = eitherCommand<DeletesIo>({
  store: async (io, settings) =>
    (await import('./deletes-in-store.ts')).inStore(io, settings['undelete-days'] ?? 0),
  registry: async (io) => (await import('../remote/deletes.ts')).fromAfar(io),
})
