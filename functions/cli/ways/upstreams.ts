/**
 * Commands on what comes from upstreams.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { UpstreamsIo } from './upstreams-io.ts'

/** Makes entries of the table for commands on what comes from upstreams. */
export const upstreamsCommand = eitherCommand<UpstreamsIo>({
  store: async (io, settings) =>
    (await import('./upstreams-in-store.ts')).inStore(io, settings['undelete-days'] ?? 0),
  registry: async (io) => (await import('../remote/upstreams.ts')).fromAfar(io),
})
