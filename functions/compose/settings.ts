/**
 * Reads settings: from flags, then from the environment, then defaults.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { withoutUser } from '../shared/errors.ts'
import { SettingsError } from './errors.ts'
import { LEAST_UPLOAD_MEMORY } from './process-memory.ts'
import { ALL_SETTINGS, SETTINGS, type SettingName, type Settings } from './setting-table.ts'

export type { Settings } from './setting-table.ts'

const variable = (name: SettingName): string => `SLIPWAY_${name.toUpperCase().replaceAll('-', '_')}`

/** How a setting is given, what it does, and its default, for `--help`. */
export const settingUsage = (
  name: SettingName,
): Readonly<Record<'flag' | 'variable' | 'help' | 'value', string>> => {
  const { help, value } = SETTINGS[name]
  return { flag: `--${name}`, variable: variable(name), help, value }
}

/** What names keys and secrets: who mistakes it gives them, and messages do not repeat that. */
const NAMES_SECRETS: readonly SettingName[] = ['upload-key', 'edge-secrets']

type Environment = Readonly<Record<string, string | undefined>>

const readFlags = (args: readonly string[]): Environment => {
  try {
    const options = Object.fromEntries(
      ALL_SETTINGS.map((name) => [name, { type: 'string' as const }]),
    )
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (cause) {
    throw new SettingsError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Checks what AWS log-ins need. @throws SettingsError */
const checkAws = (settings: Partial<Settings>): void => {
  if (settings['aws-regions'] === undefined) {
    for (const name of ['accounts', 'allow', 'audience', 'sts-endpoint'] as const) {
      if (settings[`aws-${name}`] === undefined) continue
      throw new SettingsError(`--aws-${name} is for AWS log-ins: it needs --aws-regions`)
    }
    return
  }
  if (settings['aws-accounts'] === undefined) {
    throw new SettingsError(
      '--aws-regions needs --aws-accounts: without it, anybody with an AWS account could log in',
    )
  }
  if (settings['aws-audience'] === undefined && settings['public-url'] === undefined) {
    throw new SettingsError(
      '--aws-regions needs --aws-audience or --public-url: AWS log-ins name the registry that they are for',
    )
  }
}

/** Checks settings against each other. @throws SettingsError */
const checkTogether = (settings: Partial<Settings>): void => {
  if ((settings['tls-cert'] === undefined) !== (settings['tls-key'] === undefined)) {
    throw new SettingsError('--tls-cert and --tls-key go together: set both or neither')
  }
  if (settings['tls-client-ca'] !== undefined && settings['tls-cert'] === undefined) {
    throw new SettingsError('--tls-client-ca needs --tls-cert and --tls-key')
  }
  for (const name of ['tls-client-crl', 'tls-client-only'] as const) {
    if (settings[name] && settings['tls-client-ca'] === undefined) {
      throw new SettingsError(`--${name} needs --tls-client-ca`)
    }
  }
  if ((settings.edge ?? 'off') !== 'off' && settings['public-url'] === undefined) {
    throw new SettingsError(
      '--edge needs --public-url: behind a CDN, requests do not tell its name',
    )
  }
  if (settings.blobs === 'cloudfront' && settings['edge-key-id'] === undefined) {
    throw new SettingsError('--blobs cloudfront needs --edge-key-id, and --edge on or open')
  }
  if (settings['edge-key-id'] !== undefined && settings.edge === 'off') {
    throw new SettingsError('--edge-key-id is for an edge: set --edge on or open')
  }
  if (settings.pulls === false && settings['pulls-except']?.length) {
    throw new SettingsError('--pulls-except is for --pulls on')
  }
  if (settings['s3-replica'] !== undefined && settings.store?.kind === 'file') {
    throw new SettingsError('--s3-replica needs --store s3://<bucket>')
  }
  if (settings['s3-replica-region'] !== undefined && settings['s3-replica'] === undefined) {
    throw new SettingsError('--s3-replica-region needs --s3-replica')
  }
  if (settings['s3-replica'] !== undefined && (settings.edge ?? 'off') !== 'off') {
    throw new SettingsError(
      '--s3-replica cannot be combined with --edge, which reads the first bucket',
    )
  }
  if (Array.isArray(settings.cors) && settings['edge-cache'] !== undefined) {
    throw new SettingsError(
      '--cors with origins cannot be combined with --edge-cache, which would give one what it keeps for another: expected *',
    )
  }
  const { workers = 1, 'upload-memory': memory } = settings
  if (memory !== undefined && memory < workers * LEAST_UPLOAD_MEMORY) {
    throw new SettingsError(
      `--upload-memory is for all of --workers ${workers}: expected ${(workers * LEAST_UPLOAD_MEMORY) / 2 ** 20} MiB or more`,
    )
  }
  checkAws(settings)
  if (settings['manifest-heads'] !== 'redirect') return
  if (settings.store?.kind !== 's3') {
    throw new SettingsError('--manifest-heads redirect needs --store s3://<bucket>')
  }
  if (!settings.redirects) {
    throw new SettingsError('--manifest-heads redirect cannot be combined with --redirects off')
  }
}

/**
 * Reads and checks some settings and ignores the others.
 *
 * @throws SettingsError naming the setting, its value where that can be no secret, and what was expected
 */
export const readSomeSettings = <N extends SettingName>(
  wanted: readonly N[],
  args: readonly string[],
  env: Environment,
): Pick<Settings, N> => {
  const flags = readFlags(args)
  const entries = wanted.map((name) => {
    const given = flags[name] ?? (env[variable(name)] || undefined)
    const result = SETTINGS[name].schema.safeParse(given)
    if (result.success) return [name, result.data]
    const source = flags[name] === undefined ? variable(name) : `--${name}`
    const shown = NAMES_SECRETS.includes(name) ? '' : ` is ${JSON.stringify(given)}`
    const why = result.error.issues[0]?.message
    throw new SettingsError(withoutUser(`${source}${shown}: ${why}`))
  })
  const settings = Object.fromEntries(entries) as Settings
  checkTogether(settings)
  return settings
}

/**
 * Reads and checks all settings.
 *
 * @throws SettingsError as {@link readSomeSettings} does
 */
export const readSettings = (args: readonly string[], env: Environment): Settings =>
  readSomeSettings(ALL_SETTINGS, args, env)
