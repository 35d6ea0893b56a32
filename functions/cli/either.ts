/**
 * Commands that work on a store, or from afar on a registry that has an admin API.
 *
 * @module
 */

import {
  type SettingName,
  type Settings,
  STORE_SETTINGS,
  type StoreSettings,
} from '../compose/setting-table.ts'
import {
  type Arguments,
  BY,
  type Command,
  type Flags,
  type Given,
  type Outcome,
  openIo,
  type RegistryPlace,
  type Spec,
  type StoreIo,
} from './command.ts'
import { switchFlag, textFlag } from './flags.ts'
import type { Io } from './io.ts'
import type { RegistryIo } from './remote/registry-io.ts'

/** Two ways to what a command works with, each loaded only where it is gone. */
export interface Ways<Context extends Io> {
  readonly store: (io: StoreIo, settings: Partial<Settings>) => Promise<Context>
  readonly registry: (io: RegistryIo) => Promise<Context>
}

/** Of commands that work from afar. */
export const AFAR = {
  registry: textFlag(
    'URL',
    'do it from afar, by the admin API of this registry, and not on a store (SLIPWAY_REGISTRY)',
  ),
  'plain-http': switchFlag('with --registry: no TLS; loopback does without by itself'),
} as const

/** Runs on a registry, and leaves no connection behind. */
const fromAfar = async <Context extends Io>(
  io: Io,
  place: RegistryPlace,
  way: Ways<Context>['registry'],
  run: (context: Context) => Outcome,
): Promise<number> => {
  const { openRegistry } = await import('./remote/registry-io.ts')
  const opened = await openRegistry(io, place)
  try {
    return (await run(await way(opened))) ?? 0
  } finally {
    opened.registry.close()
  }
}

/** Makes entries of the table for commands that work either way. */
export const eitherCommand =
  <Context extends Io>(ways: Ways<Context>) =>
  <
    const A extends Arguments = Record<never, never>,
    const F extends Flags = Record<never, never>,
    N extends SettingName = never,
  >({
    load,
    args,
    settings = [],
    changes,
    flags,
    ...spec
  }: Omit<Spec<Context, A, F, N>, 'ofFile' | 'on'>): Command => ({
    ...spec,
    on: 'either',
    args: args ?? {},
    flags: { ...flags, ...(changes ? BY : {}), ...AFAR },
    settings: [...STORE_SETTINGS, ...settings],
    run: async (io, given) => {
      const { registry, settings: found, flags: all } = given
      const loaded = await load()
      // The parser makes what is given of this very entry; settings are of no use to a registry.
      const run = (context: Context) => loaded(context, given as Given<A, F, N>)
      if (registry !== undefined) return fromAfar(io, registry, ways.registry, run)
      const opened = await openIo(io, found as StoreSettings, false, all.by)
      return (await run(await ways.store(opened, found))) ?? 0
    },
  })
