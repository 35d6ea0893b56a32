/**
 * `slipway config import`: distribution's configuration becomes flags and documents.
 *
 * @module
 */

import { planFor } from '../distribution/import.ts'
import type { FinishedPlan } from '../distribution/plan.ts'
import type { Note } from '../distribution/reading.ts'
import { scriptOf } from '../distribution/script.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { commandCall } from '../npm-flags.ts'

interface Given {
  readonly args: { readonly file: readonly string[] }
  readonly flags: { readonly env: boolean; readonly json: boolean }
}

/** Some keys have no counterpart, or are unknown. */
const LEFT_OUT = 1

const KINDS: Readonly<Record<Note['kind'], string>> = {
  needless: 'not needed',
  lacks: 'no counterpart',
  unknown: 'unknown',
}

const jsonOf = ({ settings, variables, documents, users, notes }: FinishedPlan): object => ({
  settings: Object.fromEntries(settings),
  variables,
  users,
  documents: Object.fromEntries(documents.map(({ command, document }) => [command, document])),
  notes,
})

/**
 * Prints a script that starts Slipway in place of distribution, and says what is not in it.
 *
 * @returns 0; 1 where something has no counterpart or is unknown
 * @throws CommandError for what is no configuration
 */
export const importConfig = async (io: Io, { args, flags }: Given): Promise<number> => {
  const [given, ...more] = args.file
  const path = given ?? (flags.env ? io.env.REGISTRY_CONFIGURATION_PATH : undefined)
  if (more.length > 0) throw new UsageError('one file at a time')
  if (path === undefined && !flags.env) throw new UsageError('expected a file, or --env')
  const plan = await planFor({
    file: path === undefined ? undefined : { path, text: await io.readFile(path) },
    env: flags.env ? io.env : undefined,
    readText: (name) => io.readFile(name).catch(() => undefined),
  })
  io.print(flags.json ? JSON.stringify(jsonOf(plan)) : scriptOf(plan, commandCall(io.env)))
  for (const { key, kind, why } of plan.notes) io.say(`${key}: ${KINDS[kind]}: ${why}`)
  return plan.notes.some(({ kind }) => kind !== 'needless') ? LEFT_OUT : 0
}
