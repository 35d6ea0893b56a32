/**
 * Commands on events.
 *
 * @module
 */

import { eitherCommand } from '../either.ts'
import type { EventsIo } from './events-io.ts'

/** Makes entries of the table for commands on events. */
export const eventsCommand = eitherCommand<EventsIo>({
  store: async (io) => (await import('./events-in-store.ts')).inStore(io),
  registry: async (io) => (await import('../remote/events.ts')).fromAfar(io),
})
