/**
 * Where a command works: on the store that its settings name, or on a registry.
 *
 * @module
 */

import { STORE_SETTINGS } from '../compose/setting-table.ts'
import type { RegistryPlace } from './command.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import type { Call } from './parse.ts'

/** Names of the settings that the command line itself has. */
const namesOf = (settings: Call['settings']): string[] =>
  settings.map((text) => text.slice(2, text.indexOf('=')))

/** The registry that is meant, by a flag or the environment. */
const addressOf = (
  { command: { name, on }, flags, settings }: Call,
  env: Io['env'],
): string | undefined => {
  const ofStore = namesOf(settings).find((each) => STORE_SETTINGS.some((known) => known === each))
  if (typeof flags.registry === 'string') {
    if (ofStore === undefined) return flags.registry
    throw new UsageError(
      `--registry and --${ofStore} do not go together: the one is for a registry, the other for its store`,
    )
  }
  const { SLIPWAY_REGISTRY: registry, SLIPWAY_STORE: store } = env
  if (!registry || ofStore !== undefined) return undefined
  if (on === 'either') {
    if (!store) return registry
    throw new UsageError(
      'SLIPWAY_REGISTRY and SLIPWAY_STORE are both set: say which is meant by --registry or --store',
    )
  }
  if (store) return undefined
  throw new UsageError(
    `slipway ${name} works on the store alone, and SLIPWAY_REGISTRY is set: name the store by --store`,
  )
}

/**
 * Where a command works. What the command line says of a store counts more than SLIPWAY_REGISTRY.
 *
 * @returns the registry; undefined for the store, or where the command asks for neither
 * @throws UsageError where both are meant, or a flag is only for a store
 */
export const placeOf = (call: Call, env: Io['env']): RegistryPlace | undefined => {
  const { command, flags, settings } = call
  if (command.on === undefined) return undefined
  const address = addressOf(call, env)
  const plainHttp = flags['plain-http'] === true
  if (address === undefined) {
    if (plainHttp) throw new UsageError('--plain-http is for --registry')
    return undefined
  }
  if (flags.by !== undefined) {
    throw new UsageError(
      '--by is for a store: a registry notes the name of whoever makes the change there',
    )
  }
  // Whatever is wrong, the address is not repeated: somebody may have put a password in it.
  const [setting] = namesOf(settings)
  if (setting === undefined) return { address, plainHttp }
  throw new UsageError(`--${setting} is for a store: a registry has a setting of its own`)
}
