/**
 * What a command is: an entry of the table, from which its help, the checks of its arguments and the
 * defaults of its flags come, and a function that is loaded when it runs.
 *
 * @module
 */

import type { Edit } from '../auth/document.ts'
import {
  type SettingName,
  type Settings,
  STORE_SETTINGS,
  type StoreSettings,
} from '../compose/setting-table.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type Flag, nameFlag } from './flags.ts'
import type { Io } from './io.ts'

/** Arguments in their order, by what they are called in help: one each, then perhaps many. */
export type Arguments = Readonly<Record<string, 'one' | 'some' | 'any'>>

/** Flags by their name without the dashes. */
export type Flags = Readonly<Record<string, Flag<unknown>>>

/** What a command was given, checked. */
export interface Given<A extends Arguments, F extends Flags, N extends SettingName> {
  readonly args: { readonly [K in keyof A]: A[K] extends 'one' ? string : readonly string[] }
  readonly flags: { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never }
  readonly settings: Pick<Settings, N>
}

/** A registry as it was named. */
export interface RegistryPlace {
  /** Its URL, or its host. */
  readonly address: string
  /** Whether it may be asked without TLS. */
  readonly plainHttp: boolean
}

/** What any command was given. */
export interface AnyGiven {
  readonly args: Readonly<Record<string, string | readonly string[]>>
  readonly flags: Readonly<Record<string, unknown>>
  readonly settings: Partial<Settings>
  /** The registry to work on; undefined: the store that the settings name. */
  readonly registry?: RegistryPlace | undefined
}

/** An exit code; nothing is 0. */
export type Outcome = Promise<number> | Promise<void>

/** A command as the table has it. */
export interface Command {
  /** The words that call it, such as `user add`. */
  readonly name: string
  /** What it does, in a sentence without a full stop. */
  readonly help: string
  /** More that its own help says. */
  readonly more?: string
  readonly args: Arguments
  /** Words that an argument often is, by its name, which shells offer. */
  readonly words?: Readonly<Record<string, readonly string[]>>
  readonly flags: Flags
  /** Settings that it reads; others are no flags of it. */
  readonly settings: readonly SettingName[]
  /** What it works on: a store alone, or a registry just as well; missing where neither is asked for. */
  readonly on?: 'store' | 'either'
  /**
   * Runs it.
   *
   * @returns its exit code
   * @throws CommandError, or what the layers below throw
   */
  readonly run: (io: Io, given: AnyGiven) => Promise<number>
}

/** A command to be made; what is left out is empty. */
export interface Spec<Context, A extends Arguments, F extends Flags, N extends SettingName>
  extends Pick<Command, 'name' | 'help' | 'more' | 'on' | 'words'> {
  readonly args?: A
  readonly flags?: F
  readonly settings?: readonly N[]
  /** Whether it is about a file, so that nothing is said of the store. */
  readonly ofFile?: true
  /** Whether it changes documents, so that it takes `--by`. */
  readonly changes?: true
  /** Loads what runs it. */
  readonly load: () => Promise<(context: Context, given: Given<A, F, N>) => Outcome>
}

/** Makes an entry of the table. What it runs gets its arguments and flags with their types. */
export const command = <
  const A extends Arguments = Record<never, never>,
  const F extends Flags = Record<never, never>,
  N extends SettingName = never,
>({
  load,
  args,
  flags,
  settings,
  ...spec
}: Spec<Io, A, F, N>): Command => ({
  ...spec,
  args: args ?? {},
  flags: flags ?? {},
  settings: settings ?? [],
  // The parser makes what is given of this very entry.
  run: async (io, given) => (await (await load())(io, given as Given<A, F, N>)) ?? 0,
})

/** What commands on a store work with. */
export interface StoreIo extends Io {
  readonly store: ObjectStore
  /** The store as `--store` has it. */
  readonly location: string
  /** Said after a change: when registries see it. */
  readonly seen: string
  /** Changes a document as `editDocument` does, and notes who did so. */
  readonly edit: Edit
}

/** Of commands that change documents. */
export const BY = {
  by: nameFlag('who makes the change', 'user@machine'),
} as const

/** `StoreIo.edit`. @param by who makes the change */
const editor =
  (io: Io, store: ObjectStore, by: string): Edit =>
  async (key, change) => {
    const { notedEdit } = await import('../auth/noted-edit.ts')
    const { recorderFor } = await import('./record-events.ts')
    const edit = notedEdit({
      store,
      by,
      now: io.now,
      begin: () => recorderFor(io, store).begin(undefined, { actor: by }),
      unnoted(error) {
        const why = error instanceof Error ? error.message : String(error)
        io.say(`It is not noted who made this change: ${why}`)
      },
    })
    return edit(key, change)
  }

/** Opens the store, and says where there is no registry, or that another may be meant. */
export const openIo = async (
  io: Io,
  settings: StoreSettings,
  quiet: boolean,
  by: unknown,
): Promise<StoreIo> => {
  // Loaded only for commands on a store.
  const { absentNote, lookAround } = await import('../compose/surroundings.ts')
  const found = await lookAround(settings, io.openStore)
  const note = absentNote(found)
  if (note !== undefined && !quiet) io.say(note)
  const { seenWithin } = await import('./accounts.ts')
  const store = await io.openStore(settings)
  const edit = editor(io, store, typeof by === 'string' ? by : io.user())
  return { ...io, store, location: found.store, seen: seenWithin(found.absent), edit }
}

/** Makes an entry of the table for a command on a store, whether registries run over it or not. */
export const storeCommand = <
  const A extends Arguments = Record<never, never>,
  const F extends Flags = Record<never, never>,
  N extends SettingName = never,
>({
  load,
  settings = [],
  ofFile,
  changes,
  flags,
  ...spec
}: Spec<StoreIo, A, F, N>): Command =>
  command<A, F & Partial<typeof BY>, N | keyof StoreSettings>({
    ...spec,
    ...(ofFile ? {} : { on: 'store' }),
    flags: { ...flags, ...(changes ? BY : {}) } as F & Partial<typeof BY>,
    settings: [...STORE_SETTINGS, ...settings],
    load: async () => {
      const run = await load()
      return async (io, given) => {
        const { by }: { readonly by?: unknown } = given.flags
        return (await run(await openIo(io, given.settings, ofFile === true, by), given)) ?? 0
      }
    },
  })
