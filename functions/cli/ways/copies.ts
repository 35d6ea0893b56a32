/**
 * Commands between repositories and files.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { CopiesIo } from './copies-io.ts'

/** Makes entries of the table for commands between repositories and files. */
export const copiesCommand = eitherCommand<CopiesIo>({
  store: async (io, settings) => ({
    ...io,
    openRepositories: async () =>
      (await import('./copies-in-store.ts')).imagesInStore(
        io,
        io.store,
        settings['index-children'] ?? (() => 'all'),
      ),
  }),
  registry: async (io) => (await import('../remote/copies.ts')).fromAfar(io),
})
