/**
 * Settings: flags over the environment over defaults, and what is said of wrong ones.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { ALL_SETTINGS, type SettingName } from '../../functions/compose/setting-table.ts'
import {
  readSettings,
  readSomeSettings,
  type Settings,
  settingUsage,
} from '../../functions/compose/settings.ts'

const DEFAULTS: Settings = readSettings([], {})

type Env = Readonly<Record<string, string>>
interface Row {
  readonly description: string
  readonly args?: readonly string[]
  readonly env?: Env
  readonly expect: Partial<Record<keyof Settings, unknown>>
}

const FILE_DATA = { kind: 'file', path: './data' }
const ROWS: readonly Row[] = [
  {
    description: 'defaults',
    expect: {
      listen: { host: '127.0.0.1', port: 5000 },
      store: FILE_DATA,
      redirects: true,
      'manifest-heads': 'answer',
      'read-only': false,
      'log-level': 'info',
      's3-endpoint': undefined,
      's3-region': undefined,
      's3-path-style': undefined,
      's3-kms-key': undefined,
      's3-bucket-owner': undefined,
      's3-direct': true,
      'tls-cert': undefined,
      'tls-key': undefined,
      'tls-client-ca': undefined,
      'tls-client-crl': undefined,
      'tls-client-only': false,
      'upload-life': 86_400,
    },
  },
  {
    description: 'environment',
    env: { SLIPWAY_LISTEN: '0.0.0.0:80', SLIPWAY_READ_ONLY: 'on', SLIPWAY_S3_PATH_STYLE: 'off' },
    expect: { listen: { host: '0.0.0.0', port: 80 }, 'read-only': true, 's3-path-style': false },
  },
  {
    description: 'AWS log-ins',
    args: ['--public-url=https://registry.example', '--aws-regions=eu-west-1,us-gov-west-1'],
    env: {
      SLIPWAY_AWS_ACCOUNTS: 'organization',
      SLIPWAY_AWS_ALLOW: '123456789012,arn:aws:iam::123456789012:role/ci-*',
      SLIPWAY_AWS_STS_ENDPOINT: 'https://vpce-1.sts.example',
    },
    expect: {
      'public-url': 'https://registry.example',
      'aws-regions': ['eu-west-1', 'us-gov-west-1'],
      'aws-accounts': 'organization',
      'aws-allow': ['123456789012', 'arn:aws:iam::123456789012:role/ci-*'],
      'aws-sts-endpoint': 'https://vpce-1.sts.example',
    },
  },
  {
    description: 'pages of others',
    args: ['--cors=https://ui.example,http://localhost:8080'],
    expect: { cors: ['https://ui.example', 'http://localhost:8080'] },
  },
  {
    description: 'pages of all others',
    env: { SLIPWAY_CORS: '*' },
    expect: { cors: '*' },
  },
  {
    description: 'a flag over the environment',
    args: ['--log-level=warn', '--redirects', 'off'],
    env: { SLIPWAY_LOG_LEVEL: 'error', SLIPWAY_REDIRECTS: 'on' },
    expect: { 'log-level': 'warn', redirects: false },
  },
  {
    description: 'a right flag over a wrong environment',
    args: ['--log-level=warn'],
    env: { SLIPWAY_LOG_LEVEL: 'loud' },
    expect: { 'log-level': 'warn' },
  },
  {
    description: 'an empty variable is none',
    env: { SLIPWAY_STORE: '' },
    expect: { store: FILE_DATA },
  },
  ...(
    [
      ['file:/var/lib/slipway', { kind: 'file', path: '/var/lib/slipway' }],
      ['file:///var/lib/slipway', { kind: 'file', path: '/var/lib/slipway' }],
      ['file:data', { kind: 'file', path: 'data' }],
      ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
      ['s3://bucket/', { kind: 's3', bucket: 'bucket', prefix: '' }],
      ['s3://my.bucket-1/a/b/', { kind: 's3', bucket: 'my.bucket-1', prefix: 'a/b' }],
    ] as const
  ).map(([value, store]) => ({
    description: `--store=${value}`,
    args: [`--store=${value}`],
    expect: { store },
  })),
  ...(
    [
      [':5000', { host: '0.0.0.0', port: 5000 }],
      ['localhost:0', { host: 'localhost', port: 0 }],
      ['[::1]:443', { host: '::1', port: 443 }],
    ] as const
  ).map(([value, listen]) => ({
    description: `--listen=${value}`,
    args: [`--listen=${value}`],
    expect: { listen },
  })),
  ...(
    [
      [':9464', { host: '127.0.0.1', port: 9464 }],
      ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
    ] as const
  ).map(([value, metrics]) => ({
    description: `--metrics=${value}`,
    args: [`--metrics=${value}`],
    expect: { metrics },
  })),
  {
    description: 'TLS',
    args: ['--tls-cert=c.pem', '--tls-key=k.pem'],
    expect: { 'tls-cert': 'c.pem', 'tls-key': 'k.pem' },
  },
  {
    description: 'S3',
    env: {
      SLIPWAY_S3_ENDPOINT: 'http://127.0.0.1:9000',
      SLIPWAY_S3_REGION: 'eu-central-1',
      SLIPWAY_S3_KMS_KEY: 'alias/x',
      SLIPWAY_S3_BUCKET_OWNER: '012345678901',
      SLIPWAY_S3_DIRECT: 'off',
    },
    expect: {
      's3-endpoint': 'http://127.0.0.1:9000',
      's3-region': 'eu-central-1',
      's3-kms-key': 'alias/x',
      's3-bucket-owner': '012345678901',
      's3-direct': false,
    },
  },
  {
    description: 'the key of uploads',
    args: ['--upload-key=kms:alias/uploads'],
    expect: { 'upload-key': 'alias/uploads' },
  },
  {
    description: 'HEAD of manifests',
    args: ['--store=s3://bucket', '--manifest-heads=redirect'],
    expect: {
      store: { kind: 's3', bucket: 'bucket', prefix: '' },
      'manifest-heads': 'redirect',
    },
  },
]

for (const { description, args = [], env = {}, expect } of ROWS) {
  test(description, () => {
    const settings = readSettings(args, env)
    assert.deepEqual(settings, { ...DEFAULTS, ...expect })
  })
}

const WRONG: readonly (readonly [args: readonly string[], env: Env, message: string | RegExp])[] = [
  ...['127.0.0.1', '5000', 'a:b', 'x:70000', '::1:5000', 'x:'].map(
    (value): [string[], Env, string] => [
      [`--listen=${value}`],
      {},
      `--listen is "${value}": expected <address>:<port>, as in 127.0.0.1:5000`,
    ],
  ),
  ...['alias/x', 'kms:', 'KMS:x'].map((value): [string[], Env, RegExp] => [
    [`--upload-key=${value}`],
    {},
    /^--upload-key: expected kms:<key>$/,
  ]),
  ...['data', '/data', 's3:bucket', 's3://', 's3://B/x', 's3://a', 'file:', 'gs://x'].map(
    (value): [string[], Env, string] => [
      [],
      { SLIPWAY_STORE: value },
      `SLIPWAY_STORE is "${value}": expected file:<directory> or s3://<bucket>/<prefix>`,
    ],
  ),
  [['--redirects=yes'], {}, /^--redirects is "yes": .*"on"\|"off"/],
  [[], { SLIPWAY_READ_ONLY: '1' }, /^SLIPWAY_READ_ONLY is "1": .*"on"\|"off"/],
  [['--s3-dualstack=maybe'], {}, /^--s3-dualstack is "maybe": .*"on"\|"off"/],
  [['--s3-path-style=maybe'], {}, /^--s3-path-style is "maybe": .*"on"\|"off"/],
  [
    [],
    { SLIPWAY_LOG_LEVEL: 'loud' },
    /^SLIPWAY_LOG_LEVEL is "loud": .*"debug"\|"info"\|"warn"\|"error"\|"silent"/,
  ],
  [['--s3-endpoint=minio:9000'], {}, /^--s3-endpoint is "minio:9000": .*URL/],
  [['--s3-endpoint=ftp://x'], {}, /^--s3-endpoint is "ftp:\/\/x": .*URL/],
  [['--s3-region='], {}, /^--s3-region is "": /],
  [['--s3-direct=never'], {}, /^--s3-direct is "never": .*"on"\|"off"/],
  ...['1234', '1234567890123', 'aws:12345678', '12345678901x'].map(
    (value): [string[], Env, string] => [
      [],
      { SLIPWAY_S3_BUCKET_OWNER: value },
      `SLIPWAY_S3_BUCKET_OWNER is "${value}": expected an account ID of 12 digits`,
    ],
  ),
  [['--tls-client-ca=a.pem'], {}, '--tls-client-ca needs --tls-cert and --tls-key'],
  [['--tls-client-crl=l.pem'], {}, '--tls-client-crl needs --tls-client-ca'],
  [['--tls-client-only=on'], {}, '--tls-client-only needs --tls-client-ca'],
  [['--tls-cert=c.pem'], {}, '--tls-cert and --tls-key go together: set both or neither'],
  [[], { SLIPWAY_TLS_KEY: 'k.pem' }, '--tls-cert and --tls-key go together: set both or neither'],
  [['--manifest-heads=off'], {}, /^--manifest-heads is "off": .*"answer"\|"redirect"/],
  [['--s3-replica=copy'], {}, '--s3-replica needs --store s3://<bucket>'],
  [['--s3-replica=A_b', '--store=s3://bucket'], {}, /^--s3-replica is "A_b": expected the name/],
  [['--s3-replica-region=eu-west-1'], {}, '--s3-replica-region needs --s3-replica'],
  [
    ['--s3-replica=copy', '--store=s3://bucket', '--edge=on', '--public-url=https://r.example'],
    {},
    '--s3-replica cannot be combined with --edge, which reads the first bucket',
  ],
  [['--manifest-heads=redirect'], {}, '--manifest-heads redirect needs --store s3://<bucket>'],
  [
    ['--manifest-heads=redirect', '--store=s3://bucket', '--redirects=off'],
    {},
    '--manifest-heads redirect cannot be combined with --redirects off',
  ],
  [
    ['--aws-regions=eu-west-1', '--aws-audience=registry.example'],
    {},
    '--aws-regions needs --aws-accounts: without it, anybody with an AWS account could log in',
  ],
  [
    ['--aws-regions=eu-west-1', '--aws-accounts=123456789012'],
    {},
    '--aws-regions needs --aws-audience or --public-url: AWS log-ins name the registry that they are for',
  ],
  [['--aws-accounts=123456789012'], {}, /^--aws-accounts is for AWS log-ins: it needs/],
  [['--aws-allow=123456789012'], {}, /^--aws-allow is for AWS log-ins: it needs --aws-regions$/],
  [['--aws-audience=registry.example'], {}, /^--aws-audience is for AWS log-ins/],
  [['--aws-sts-endpoint=https://sts.example'], {}, /^--aws-sts-endpoint is for AWS log-ins/],
  [['--aws-regions=eu-west-1,everywhere'], {}, /--aws-regions is .*: expected Regions, as in/],
  [['--aws-accounts=1234'], {}, /expected an account of 12 digits or the ARN .*, or organization$/],
  [
    ['--aws-accounts=arn:aws:iam::*:role/ci'],
    {},
    /role\/ci\\" is of any account: expected one|role\/ci" is of any account/,
  ],
  [['--aws-allow=123456789012,ci'], {}, /expected an account of 12 digits or the ARN of a user/],
  [['--aws-audience=https://registry.example'], {}, /expected names in lower case/],
  [['--aws-sts-endpoint=http://sts.example'], {}, /expected https, or http on loopback/],
  ...['ui.example', 'https://ui.example/', 'https://Ui.example', 'https://a.example,*', 'null'].map(
    (value): [string[], Env, RegExp] => [
      [`--cors=${value}`],
      {},
      /^--cors is ".*": ".*": expected \*, or scheme and host alone, as in https:\/\/ui.example$/,
    ],
  ),
  [
    [
      '--cors=https://ui.example',
      '--edge-cache=60s',
      '--edge=on',
      '--public-url=https://r.example',
    ],
    {},
    /^--cors with origins cannot be combined with --edge-cache/,
  ],
  ...['s3-endpoint', 'public-url', 'token-realm', 'upload-origin', 'aws-sts-endpoint', 'cors'].map(
    (name): [string[], Env, RegExp] => [
      [`--${name}=ftp://user:hunter2@a.example/"`],
      {},
      /^(?!.*hunter2).* is "ftp:\/\/…@a.example/,
    ],
  ),
  [['--store=s3://user:hunter2@bucket'], {}, /^--store is "s3:\/\/…@bucket": expected file:/],
  [[], { SLIPWAY_UPLOAD_KEY: 'hunter2' }, /^SLIPWAY_UPLOAD_KEY: expected kms:<key>$/],
  [[], { SLIPWAY_EDGE_SECRETS: 'hunter-2' }, /^SLIPWAY_EDGE_SECRETS: expected one or two names/],
  [['--nothing'], {}, /Unknown option '--nothing'/],
  [['--store'], {}, /'--store <value>' argument missing/],
  [['serve'], {}, /Unexpected argument 'serve'/],
]

for (const [args, env, message] of WRONG) {
  test(`refused: ${[...args, ...Object.entries(env).map((pair) => pair.join('='))].join(' ')}`, () => {
    assert.throws(() => readSettings(args, env), { name: 'SettingsError', message })
  })
}

test('each setting has a flag, a variable, a default and help', () => {
  for (const name of ALL_SETTINGS) {
    const variable = `SLIPWAY_${name.toUpperCase().replaceAll('-', '_')}`
    const usage = settingUsage(name)
    expect(usage).toMatchObject({ flag: `--${name}`, variable })
    expect(usage.value && usage.help).toBeTruthy()
  }
})

describe('some settings', () => {
  test('are read without the others', () => {
    const settings = readSomeSettings(['log-level'], ['--log-level=warn'], { SLIPWAY_LISTEN: 'x' })
    expect(settings).toEqual({ 'log-level': 'warn' })
  })

  test('are checked as all are', () => {
    const read = (name: SettingName, value: string) =>
      readSomeSettings([name], [`--${name}=${value}`], {})
    expect(() => read('log-level', 'loud')).toThrow(/^--log-level is "loud": /)
    expect(() => read('tls-cert', 'c.pem')).toThrow(/^--tls-cert and --tls-key go together/)
  })
})
