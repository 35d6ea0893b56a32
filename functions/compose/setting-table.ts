/**
 * Every setting of the server and the command line: one table, from which help and checks come.
 *
 * @module
 */

import * as z from 'zod'
import { networks } from './networks.ts'
import {
  headerName,
  kmsKey,
  listen,
  onOff,
  publicUrl,
  realm,
  serviceUrl,
  store,
  text,
} from './setting-kinds.ts'

/** What can be set. */
export interface Setting<T> {
  /** Checks the text that is given and makes the value of it; of `undefined`, the default. */
  readonly schema: z.ZodType<T>
  /** What it is when it is not set, for people. */
  readonly value: string
  readonly help: string
}

const setting = <T>(schema: z.ZodType<T>, value: string, help: string): Setting<T> => ({
  schema,
  value,
  help,
})

/** Every setting: `--name`, or `SLIPWAY_NAME` in the environment. */
export const SETTINGS = {
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
    serviceUrl.optional(),
    'AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or AWS',
    'URL of an S3-compatible service',
  ),
  's3-region': setting(text.optional(), 'AWS_REGION or us-east-1', 'region of the bucket'),
  's3-path-style': setting(
    onOff.optional(),
    'on with an endpoint',
    'bucket in the path of URLs rather than in the host',
  ),
  's3-kms-key': setting(text.optional(), 'none', 'KMS key that S3 encrypts with'),
  'tls-cert': setting(text.optional(), 'none', 'file with the certificate chain, PEM'),
  'tls-key': setting(text.optional(), 'none', 'file with the private key, PEM'),
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
    headerName.default('slipway'),
    'slipway',
    'name of this registry in tokens: service and aud',
  ),
  'token-issuer': setting(
    headerName.default('slipway'),
    'slipway',
    'name of this registry as issuer of tokens: iss',
  ),
  'token-realm': setting(
    realm.optional(),
    '/token of this registry',
    'token endpoint to send clients to, where another server issues the tokens',
  ),
  'signing-key': setting(
    text.optional(),
    'in the store',
    'file with the private key for tokens, PEM, made on first start; or kms:<key>[,<older key>]',
  ),
  'upload-key': setting(
    kmsKey.optional(),
    'in the store',
    'key that seals the state of uploads in their URLs: kms:<key>, of spec HMAC_256; the same for all servers over a store',
  ),
  policy: setting(
    text.optional(),
    'in the store',
    'file with the policy, read at start, in place of the one that `slipway policy set` keeps in the store',
  ),
  'log-level': setting(
    z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'info',
    'debug, info, warn, error or silent',
  ),
} as const

/** Name of a setting: its flag without the dashes. */
export type SettingName = keyof typeof SETTINGS

/** Checked settings by the name of their flag. */
export type Settings = { readonly [N in SettingName]: z.output<(typeof SETTINGS)[N]['schema']> }

/** Names of all settings. */
export const ALL_SETTINGS = Object.keys(SETTINGS) as readonly SettingName[]

/** Settings that say which store it is, and how it is reached. */
export const STORE_SETTINGS = [
  'store',
  's3-endpoint',
  's3-region',
  's3-path-style',
  's3-kms-key',
] as const satisfies readonly SettingName[]

/** What opens a store. */
export type StoreSettings = Pick<Settings, (typeof STORE_SETTINGS)[number]>
