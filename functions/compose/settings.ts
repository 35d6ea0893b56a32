/**
 * Reads settings: from flags, then from the environment, then defaults.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { SettingsError } from './errors.ts'
import { SETTINGS, type SettingName, type Settings } from './setting-table.ts'

export type { Settings } from './setting-table.ts'

const names = Object.keys(SETTINGS) as SettingName[]
const variable = (name: SettingName): string => `SLIPWAY_${name.toUpperCase().replaceAll('-', '_')}`

/** One line a setting, for `--help`. */
export const settingsHelp = (): string =>
  names
    .map((name) => {
      const { help, value } = SETTINGS[name]
      return `  --${name.padEnd(14)} ${help}\n${' '.repeat(19)}(${variable(name)}; default ${value})`
    })
    .join('\n')

const readFlags = (args: readonly string[]): Readonly<Record<string, string | undefined>> => {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (cause) {
    throw new SettingsError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * Reads and checks all settings.
 *
 * @throws SettingsError naming the setting, its value and what would be right
 */
export const readSettings = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings => {
  const flags = readFlags(args)
  const entries = names.map((name) => {
    const given = flags[name] ?? (env[variable(name)] || undefined)
    const result = SETTINGS[name].schema.safeParse(given)
    if (result.success) return [name, result.data]
    const source = flags[name] === undefined ? variable(name) : `--${name}`
    const why = result.error.issues[0]?.message
    throw new SettingsError(`${source} is ${JSON.stringify(given)}: ${why}`)
  })
  const settings = Object.fromEntries(entries) as Settings
  if ((settings['tls-cert'] === undefined) !== (settings['tls-key'] === undefined)) {
    throw new SettingsError('--tls-cert and --tls-key go together: set both or neither')
  }
  if (settings['manifest-heads'] === 'redirect') {
    if (settings.store.kind !== 's3') {
      throw new SettingsError('--manifest-heads redirect needs --store s3://<bucket>')
    }
    if (!settings.redirects) {
      throw new SettingsError('--manifest-heads redirect does not go with --redirects off')
    }
  }
  return settings
}
