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

/** A line with what a registry says: none of it does anything to the terminal. */
const harmless = (line: string): string => line.replaceAll(/(?![\t\n]|\r\n)\p{Cc}/gu, '\u{fffd}')

/** Opens a registry. Nothing is sent yet. @throws UsageError for an address that is none, CommandError */
export const openRegistry = async (io: Io, place: RegistryPlace): Promise<RegistryIo> => ({
  ...io,
  print: (line) => io.print(harmless(line)),
  say: (line) => io.say(harmless(line)),
  registry: await openAdminApi(place, io.env),
  seen: seenWithin(false),
})
