/**
 * The settings of the Node server and the command line: one table of what there is, read from flags,
 * then from the environment, then defaults.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import * as z from 'zod'
import { networks } from './networks.ts'

/** A setting that is not as it must be; its message is for the person who set it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const onOff = z.enum(['on', 'off']).transform((value) => value === 'on')

const listen = z.string().transform((value, context) => {
  const match = value.match(/^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/)
  const port = Number(match?.[3])
  if (match && port <= 65535) return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
  context.addIssue('expected <address>:<port>, as in 127.0.0.1:5000')
  return z.NEVER
})

const store = z.string().transform((value, context) => {
  const [, path] = value.match(/^file:(?:\/\/)?(.+)$/) ?? []
  if (path !== undefined) return { kind: 'file' as const, path }
  const [, bucket, prefix = ''] =
    value.match(/^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/) ?? []
  if (bucket !== undefined)
    return { kind: 's3' as const, bucket, prefix: prefix.replace(/\/+$/, '') }
  context.addIssue('expected file:<directory> or s3://<bucket>/<prefix>')
  return z.NEVER
})

/** What may stand in a quoted string of a header. */
const NO_QUOTES = /^[A-Za-z0-9._:/-]{1,200}$/

/** Where clients are sent for tokens. Some of them put a query in place of one that is there. */
const realm = z
  .url({ protocol: /^https?$/ })
  .regex(/^[!#-[\]-~]+$/, 'expected no quotes, spaces or characters beyond ASCII')
  .regex(/^[^?#]*$/, 'expected no query or fragment')

const publicUrl = z
  .url({ protocol: /^https?$/ })
  .regex(
    /^\w+:\/\/[^/?#@\s"]+\/?$/,
    'expected scheme and host alone, as in https://registry.example',
  )

interface Setting<T> {
  readonly schema: z.ZodType<T>
  readonly value: string
  readonly help: string
}

const setting = <T>(schema: z.ZodType<T>, value: string, help: string): Setting<T> => ({
  schema,
  value,
  help,
})

const optional = z.string().min(1).optional()

/** Every setting: `--name`, or `SLIPWAY_NAME` in the environment. */
const SETTINGS = {
  listen: setting(
    listen.default({ host: '127.0.0.1', port: 5000 }),
    '127.0.0.1:5000',
    'address and port to listen on; port 0 takes a free one',
  ),
  store: setting(
    store.default({ kind: 'file', path: './data' }),
    'file:./data',
    'where everything is kept: file:<directory> or s3://<bucket>/<prefix>',
  ),
  's3-endpoint': setting(
    z.url({ protocol: /^https?$/ }).optional(),
    'AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or AWS',
    'URL of an S3-compatible service',
  ),
  's3-region': setting(optional, 'AWS_REGION or us-east-1', 'region of the bucket'),
  's3-path-style': setting(
    onOff.optional(),
    'on with an endpoint',
    'bucket in the path of URLs rather than in the host',
  ),
  's3-kms-key': setting(optional, 'none', 'KMS key that S3 encrypts with'),
  'tls-cert': setting(optional, 'none', 'file with the certificate chain, PEM'),
  'tls-key': setting(optional, 'none', 'file with the private key, PEM'),
  redirects: setting(
    onOff.default(true),
    'on',
    'send blob downloads to S3 itself; off: serve them from here',
  ),
  'direct-for': setting(
    networks.optional(),
    'nobody',
    'networks of clients that cannot reach S3 and get blobs from here all the same: 10.0.0.0/8',
  ),
  'manifest-heads': setting(
    z.enum(['answer', 'redirect']).default('answer'),
    'answer',
    'redirect: send HEAD of manifests to S3 itself, for a gateway that answers it with a wrong length',
  ),
  'read-only': setting(onOff.default(false), 'off', 'refuse pushes and deletes'),
  auth: setting(
    z.enum(['auto', 'token', 'basic', 'off']).default('auto'),
    'auto',
    'token: log in with accounts, by tokens; basic: without tokens; off: open to all; auto: token as soon as there is an account or a policy, until then open, on loopback only',
  ),
  'public-url': setting(
    publicUrl.optional(),
    "the request's",
    'scheme and host as clients see them, for the address of the token endpoint',
  ),
  'trust-proxy': setting(
    networks.optional(),
    'nobody',
    'networks of proxies whose X-Forwarded-For, -Proto and -Host are believed: 10.0.0.0/8,::1/128',
  ),
  'token-service': setting(
    z.string().regex(NO_QUOTES, 'expected letters, digits, . _ : / or -').default('slipway'),
    'slipway',
    'name of this registry in tokens: service and aud',
  ),
  'token-issuer': setting(
    z.string().regex(NO_QUOTES, 'expected letters, digits, . _ : / or -').default('slipway'),
    'slipway',
    'name of this registry as issuer of tokens: iss',
  ),
  'token-realm': setting(
    realm.optional(),
    '/token of this registry',
    'token endpoint to send clients to, where another server issues the tokens',
  ),
  'signing-key': setting(
    optional,
    'in the store',
    'file with the private key for tokens, PEM, made on first start; or kms:<key>[,<older key>]',
  ),
  'upload-key': setting(
    z
      .string()
      .regex(/^kms:./, 'expected kms:<key>')
      .transform((key) => key.slice('kms:'.length))
      .optional(),
    'in the store',
    'key that seals the state of uploads in their URLs: kms:<key>, of spec HMAC_256; the same for all servers over a store',
  ),
  policy: setting(
    optional,
    'in the store',
    'file with the policy, read at start, in place of the one that `slipway policy set` keeps in the store',
  ),
  'log-level': setting(
    z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'info',
    'debug, info, warn, error or silent',
  ),
} as const

type Name = keyof typeof SETTINGS

/** Checked settings by the name of their flag. */
export type Settings = { readonly [N in Name]: z.output<(typeof SETTINGS)[N]['schema']> }

const names = Object.keys(SETTINGS) as Name[]
const variable = (name: Name): string => `SLIPWAY_${name.toUpperCase().replaceAll('-', '_')}`

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
