/**
 * Commands on documents.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { DocumentIo } from './document-io.ts'

/** Makes entries of the table for commands on documents. */
export const documentCommand = eitherCommand<DocumentIo>({
  store: async (io) => (await import('./documents-in-store.ts')).inStore(io),
  registry: async (io) => (await import('../remote/documents.ts')).fromAfar(io),
})
