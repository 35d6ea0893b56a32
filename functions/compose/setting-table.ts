/**
 * Every setting of the server and the command line: the one table that help and checks come from.
 *
 * @module
 */

import * as z from '../shared/schema.ts'
import { indexChildren } from './index-children.ts'
import { networks } from './networks.ts'
import {
  accountId,
  ages,
  awsAccounts,
  awsCallers,
  awsRegions,
  bucketName,
  callers,
  days,
  headerName,
  keyPairId,
  kmsKey,
  lambdaFunction,
  listen,
  listenLocally,
  mebibytes,
  metricsNamespace,
  onOff,
  origins,
  publicUrl,
  realm,
  registryNames,
  secretNames,
  serviceUrl,
  span,
  store,
  text,
  trustedOrigin,
  uploadOrigin,
  workers,
} from './setting-kinds.ts'

/** What can be set. */
export interface Setting<S extends z.ZodMiniType = z.ZodMiniType> {
  /** Turns the given text into the value, and `undefined` into the default. */
  readonly schema: S
  /** The default, in words for people. */
  readonly value: string
  readonly help: string
}

const setting = <S extends z.ZodMiniType>(schema: S, value: string, help: string): Setting<S> => ({
  schema,
  value,
  help,
})

/** Every setting: `--name`, or `SLIPWAY_NAME` in the environment. */
export const SETTINGS = {
  listen: setting(
    z._default(listen, { host: '127.0.0.1', port: 5000 }),
    '127.0.0.1:5000',
    'address and port to listen on; port 0 takes a free one',
  ),
  store: setting(
    z._default(store, { kind: 'file', path: './data' }),
    'file:./data',
    'where everything is kept: file:<directory> or s3://<bucket>/<prefix>',
  ),
  's3-endpoint': setting(
    z.optional(serviceUrl),
    'AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS',
    'URL of an S3-compatible service',
  ),
  's3-region': setting(z.optional(text), 'AWS_REGION or us-east-1', 'region of the bucket'),
  's3-path-style': setting(
    z.optional(onOff),
    'on with an endpoint',
    'put the bucket into the path of URLs rather than the host',
  ),
  's3-dualstack': setting(
    z._default(onOff, false),
    'off',
    'reach S3 in AWS, and redirect clients to it, by names that have IPv6 addresses as well',
  ),
  's3-kms-key': setting(z.optional(text), 'none', 'KMS key that S3 encrypts with'),
  's3-bucket-owner': setting(
    z.optional(accountId),
    'any account',
    'AWS account that must own the bucket, 12 digits; otherwise S3 refuses every request',
  ),
  's3-replica': setting(
    z.optional(bucketName),
    'none',
    'bucket that S3 copies the one of --store to: blobs and manifests come from it once they are there, all else from the first',
  ),
  's3-replica-region': setting(
    z.optional(text),
    'AWS_REGION or us-east-1',
    'region of that bucket; --s3-region is that of the first',
  ),
  's3-direct': setting(
    z._default(onOff, true),
    'on',
    'read from S3 without the AWS SDK, at less than half the CPU; off: send every request through it',
  ),
  'tls-cert': setting(z.optional(text), 'none', 'file with the certificate chain, PEM'),
  'tls-key': setting(z.optional(text), 'none', 'file with the private key, PEM'),
  'tls-client-ca': setting(
    z.optional(text),
    'none',
    'file with the authorities whose certificates let clients in, PEM; the policy says what they may do',
  ),
  'tls-client-crl': setting(
    z.optional(text),
    'none',
    'file with the lists of revoked client certificates, PEM, one of each authority',
  ),
  'tls-client-only': setting(
    z._default(onOff, false),
    'off',
    'on: refuse connections without a client certificate',
  ),
  redirects: setting(
    z._default(onOff, true),
    'on',
    'redirect blob downloads to S3; off: serve them from here',
  ),
  'direct-for': setting(
    z.optional(networks),
    'nobody',
    'networks of clients that cannot reach S3: they get blobs from here, as in 10.0.0.0/8',
  ),
  'manifest-heads': setting(
    z._default(z.enum(['answer', 'redirect']), 'answer'),
    'answer',
    'redirect: send HEAD requests for manifests to S3, for a gateway that reports a wrong length',
  ),
  'read-only': setting(z._default(onOff, false), 'off', 'refuse pushes and deletes'),
  'index-children': setting(
    z.prefault(indexChildren, 'all'),
    'all',
    'images of an index that must be there when it is pushed, by repository: all, none or platforms, as in mirror/**=none apps/**=linux/amd64,linux/arm64',
  ),
  'undelete-days': setting(
    z.prefault(days, '14'),
    '14',
    'days for which deletes of tags and manifests are on record, and can be undone; 0: they cannot',
  ),
  'gc-grace': setting(
    z._default(span('1h', '400d'), 48 * 60 * 60),
    '48h',
    'how long the clean-up leaves what is young, and what it has condemned; longer than a client takes for a push',
  ),
  gc: setting(
    z._default(onOff, false),
    'off',
    'on: let a clean-up run beside this registry; all that write to the store have to know by then, see docs/clean-up.md',
  ),
  pulls: setting(
    z._default(onOff, false),
    'off',
    'on: record when manifests were last pulled, for rules that ask for it; all that serve the store have to',
  ),
  'pulls-except': setting(
    z.prefault(callers, ''),
    'nobody',
    'whose pulls are not recorded, as the audit trail names them: user:scanner,robot:ci-*',
  ),
  'fill-function': setting(
    z.optional(lambdaFunction),
    'none',
    'on Lambda: ARN of the function that copies blobs of upstreams; without it, none is asked, see docs/pull-through.md',
  ),
  'upload-memory': setting(
    z.optional(mebibytes),
    'an eighth of the memory, 48 to 96',
    'MiB of memory for the bytes of all uploads under way; beyond that, uploads are read no further until there is room',
  ),
  'upload-timeout': setting(
    z._default(span('1s', '1d'), 60),
    '60s',
    'time after which a request is given up whose body stands still, at less than 1 KiB a second',
  ),
  workers: setting(
    z._default(workers, 1),
    '1',
    'processes that answer requests, beside one that does the rest; auto: one a core, at most 8. One uses little more than one core',
  ),
  'stop-timeout': setting(
    z._default(span('1s', '1d'), 30),
    '30s',
    'time that requests under way may take to end when the server is asked to stop',
  ),
  'stop-delay': setting(
    z._default(span('0', '1h'), 0),
    '0s',
    'time before that for which a server goes on as before, but for /readyz: until a balancer sends it no more requests',
  ),
  metrics: setting(
    z.optional(listenLocally),
    'none',
    'address and port of a listener for Prometheus, without credentials; :<port> is on loopback',
  ),
  'metrics-namespace': setting(
    z.optional(metricsNamespace),
    'none',
    "namespace in CloudWatch that it counts each request in, by the request's line in the log",
  ),
  auth: setting(
    z._default(z.enum(['auto', 'token', 'basic', 'off']), 'auto'),
    'auto',
    'token: accounts, and tokens for them; basic: accounts without tokens; off: open to everyone; auto: token once there is an account or a policy, open on loopback alone until then',
  ),
  'public-url': setting(
    z.optional(publicUrl),
    "the request's",
    'scheme and host as clients see them, for the address of the token endpoint and of uploads',
  ),
  'upload-origin': setting(
    z.optional(uploadOrigin),
    'none',
    'scheme and host of another Slipway on the same store, with the same keys, to which clients that follow send the bytes of uploads',
  ),
  'trust-proxy': setting(
    z.optional(networks),
    'nobody',
    'networks of proxies whose X-Forwarded-* and Forwarded are trusted, as in 10.0.0.0/8,::1/128',
  ),
  edge: setting(
    z._default(z.enum(['off', 'open', 'on']), 'off'),
    'off',
    'a CDN is in front, which shows a secret. on: answer only what comes through it; open: answer everything',
  ),
  'edge-secrets': setting(
    z.prefault(secretNames, '1'),
    '1',
    'names of the secrets that the CDN may show, one or two; they are derived from the upload key',
  ),
  'edge-key-id': setting(
    z.optional(keyPairId),
    'none',
    "id of the public key at CloudFront for URLs of the CDN's own way to the bucket",
  ),
  blobs: setting(
    z._default(z.enum(['s3', 'cloudfront']), 's3'),
    's3',
    'where blobs are downloaded from through the CDN: s3, or cloudfront by signed URLs',
  ),
  'edge-cache': setting(
    z.optional(ages),
    'nothing',
    'what the CDN may keep of public repositories: tags for a time, as 60s, and what is under a digest for an hour',
  ),
  'aws-networks': setting(
    z.optional(text),
    'none',
    "file with AWS's networks, ip-ranges.json: clients in them get blobs from S3, also with --blobs cloudfront",
  ),
  'token-service': setting(
    z._default(headerName, 'slipway'),
    'slipway',
    'name of this registry in tokens: service and aud',
  ),
  'token-issuer': setting(
    z._default(headerName, 'slipway'),
    'slipway',
    'name of this registry as the issuer of tokens: iss',
  ),
  'token-realm': setting(
    z.optional(realm),
    '/token of this registry',
    'token endpoint of another server that issues the tokens',
  ),
  'login-secret': setting(
    z.optional(text),
    'none',
    'file with the secret of the client that people log in by, if their issuer gave it one',
  ),
  'signing-key': setting(
    z.optional(text),
    'in the store',
    'file with the private key for tokens, PEM, created on first start; or kms:<key>[,<older key>]',
  ),
  'upload-key': setting(
    z.optional(kmsKey),
    'in the store',
    'key that seals the upload state in URLs: kms:<key>, of spec HMAC_256; the same for all servers over a store',
  ),
  'upload-life': setting(
    z._default(span('1m', '6d'), 24 * 60 * 60),
    '24h',
    'time after its start when an upload ends at the latest, as in 90m, 24h or 2d',
  ),
  policy: setting(
    z.optional(text),
    'in the store',
    'file with the policy, read at start, instead of the one that `slipway policy set` puts into the store',
  ),
  'aws-regions': setting(
    z.optional(awsRegions),
    'none',
    'Regions whose STS says who sends credentials of AWS, as in eu-west-1,us-east-1; without any there are no AWS log-ins',
  ),
  'aws-accounts': setting(
    z.optional(awsAccounts),
    'none',
    'AWS accounts whose users and roles may log in, or ARNs of some of these, as in 123456789012,arn:aws:iam::210987654321:role/ci-*; or organization: all accounts of the one that this registry is in',
  ),
  'aws-allow': setting(
    z.optional(awsCallers),
    'nobody',
    "accounts and ARNs of AWS that may pull and push everything on which the policy's rules say nothing, as in 123456789012,arn:aws:iam::123456789012:role/ci-*",
  ),
  'aws-audience': setting(
    z.optional(registryNames),
    "--public-url's host",
    'names of this registry that AWS log-ins may be for, as clients call it',
  ),
  'aws-sts-endpoint': setting(
    z.optional(trustedOrigin),
    "AWS's own",
    'scheme and host that requests to STS are sent to, such as an endpoint of a VPC without a name of its own',
  ),
  'admin-api': setting(
    z.optional(onOff),
    'on, and off on AWS',
    'on: serve the admin API, to those to whom a rule of the policy gives the right admin; off: there is none',
  ),
  page: setting(
    z.optional(onOff),
    'on, and off on AWS',
    'on: show the registry to browsers, at /, as much of it as they may pull; off: there is no page',
  ),
  cors: setting(
    z.optional(origins),
    'none',
    'origins whose pages browsers let use this registry, as in https://ui.example,https://tools.example:8443; * for all, then without cookies',
  ),
  schema1: setting(
    z._default(onOff, false),
    'off',
    'on: take manifests of schema 1, and give them to clients that know no other kind; off: refuse them',
  ),
  'schema1-roots': setting(
    z.optional(text),
    'any key',
    'file with the authorities to whose certificates signatures of pushed schema 1 manifests must lead, PEM',
  ),
  v1: setting(
    z._default(onOff, false),
    'off',
    'on: serve the first Docker Registry API, that of docker before 1.6, too; off: only its search',
  ),
  'audit-pulls': setting(
    z._default(onOff, false),
    'off',
    'on: record in the audit trail who got which manifest, an event for each',
  ),
  'log-level': setting(
    z._default(z.enum(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
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

/** Settings that say which store to use and how to reach it. */
export const STORE_SETTINGS = [
  'store',
  's3-endpoint',
  's3-region',
  's3-path-style',
  's3-dualstack',
  's3-kms-key',
  's3-bucket-owner',
  's3-direct',
] as const satisfies readonly SettingName[]

/** The settings that open a store. */
export type StoreSettings = Pick<Settings, (typeof STORE_SETTINGS)[number]>
