/**
 * Flags that npm took for itself. `npm start --listen=…` without `--` gives the script no flag: npm keeps
 * it as a setting of its own, `npm_config_listen` in the environment, and the script would run on defaults.
 *
 * @module
 */

import { join } from 'node:path'
import { SETTINGS } from '../compose/setting-table.ts'
import type { Command } from './command.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import { listed } from './usage.ts'

/** This project's scripts that take flags, and how each is called with them. */
const SCRIPTS: Readonly<Record<string, string>> = {
  start: 'npm start --',
  slipway: 'npm run slipway --',
  smoke: 'npm run smoke --',
}

/** How npm was called, or undefined if it runs something else that runs this. */
const callOf = ({ npm_lifecycle_event: script = '', npm_package_name }: Io['env']) => {
  if (script === 'npx') return 'npm exec -- slipway'
  return npm_package_name === 'slipway' ? SCRIPTS[script] : undefined
}

/** How a command is called where this was started: by a script of npm in a checkout, or installed. */
export const commandCall = (env: Io['env']): string =>
  env.npm_lifecycle_event !== undefined && callOf(env) === SCRIPTS[env.npm_lifecycle_event]
    ? 'npm run slipway --'
    : 'slipway'

const variable = (name: string): string => `npm_config_${name.replaceAll('-', '_')}`

/** Files that npm reads settings from: the user's, the machine's and the project's. */
const files = (env: Io['env']): string[] => {
  const project = env.npm_config_local_prefix
  const paths = [
    env.npm_config_userconfig,
    env.npm_config_globalconfig,
    project && join(project, '.npmrc'),
  ]
  return paths.filter((path): path is string => Boolean(path))
}

/** Whether one of npm's files sets it, as in `store = /mnt`. */
const isInFile = async ({ env, readFile }: Pick<Io, 'env' | 'readFile'>, name: string) => {
  const line = new RegExp(
    `^\\s*["']?${name.replaceAll('-', '[-_]')}["']?(?:\\[\\])?\\s*(?:=|$)`,
    'm',
  )
  const texts = await Promise.all(files(env).map((path) => readFile(path).catch(() => '')))
  return texts.some((text) => line.test(text))
}

/**
 * Refuses to run without flags that were meant for this program. Only names of its own flags count, and
 * not those that a file of npm sets, which are exported in the same way.
 *
 * @throws UsageError saying where `--` goes
 */
export const refuseTakenFlags = async (
  io: Pick<Io, 'env' | 'readFile'>,
  table: readonly Command[],
): Promise<void> => {
  const call = callOf(io.env)
  if (call === undefined) return
  const names = new Set(Object.keys(SETTINGS))
  for (const { flags } of table) for (const name of Object.keys(flags)) names.add(name)
  const taken: string[] = []
  for (const name of names) {
    // Where npm has its packages from is a setting of its own, which is often in the environment; and who runs
    // `npx --yes slipway …` answers npm's question: what would go is then asked about as ever.
    if (name === 'registry' || (name === 'yes' && io.env.npm_lifecycle_event === 'npx')) continue
    if (io.env[variable(name)] !== undefined && !(await isInFile(io, name))) taken.push(`--${name}`)
  }
  if (taken.length === 0) return
  const them = taken.length === 1 ? 'it' : 'them'
  throw new UsageError(
    `npm took ${listed(taken, 'and')} for itself: put -- before ${them}, as in ${call} ${taken[0]} …`,
  )
}
