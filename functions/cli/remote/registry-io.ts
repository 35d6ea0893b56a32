/**
 * What commands from afar work with.
 *
 * @module
 */

import { seenWithin } from '../accounts.ts'
import type { RegistryPlace } from '../command.ts'
import type { Io } from '../io.ts'
import { type AdminApi, openAdminApi } from './admin-api.ts'

/** The world outside a command, and a registry. */
export interface RegistryIo extends Io {
  readonly registry: AdminApi
  /** Said after a change: when all of the registry sees it. */
  readonly seen: string
}

/** Opens a registry. Nothing is sent yet. @throws UsageError for an address that is none, CommandError */
export const openRegistry = async (io: Io, place: RegistryPlace): Promise<RegistryIo> => ({
  ...io,
  registry: await openAdminApi(place, io.env),
  seen: seenWithin(false),
})
