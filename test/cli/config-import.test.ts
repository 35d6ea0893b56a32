/**
 * `slipway config import`: what keys and variables of distribution become, and what is said of the others. That what
 * comes of it starts, and serves what was there, is of interop/config-import.suite.ts.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseIssuers } from '../../functions/auth/issuers/document.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { ignoredNote } from '../../functions/cli/distribution/variables.ts'
import { main } from '../../functions/cli/main.ts'
import { parse as parseLine } from '../../functions/cli/parse.ts'
import { COMMANDS } from '../../functions/cli/table/commands.ts'
import { readSomeSettings } from '../../functions/compose/settings.ts'
import { parseReceivers } from '../../functions/events/receivers.ts'
import { parseUpstreams } from '../../functions/upstreams/parse.ts'
import { recordingIo } from './recording-io.ts'

interface Planned {
  readonly settings: Readonly<Record<string, string>>
  readonly variables: readonly { readonly name: string; readonly from: string }[]
  readonly users?: string
  readonly documents: Readonly<Record<string, object>>
  readonly notes: readonly { readonly key: string; readonly kind: string; readonly why: string }[]
}

const FILES: Readonly<Record<string, string>> = {
  '/bundle.pem': 'CERTIFICATES\n',
  '/jwks.json': '{"keys":[{"kty":"EC"}]}',
}

/** What a configuration becomes, as JSON and as a script. */
const give = async (config: string | undefined, env: Record<string, string> = {}) => {
  const ways = ['--json', undefined].map(async (flag) => {
    const { io, printed, said } = recordingIo({
      env,
      readFile: async (path: string) => {
        const text = path === 'config.yml' ? config : FILES[path]
        if (text === undefined) throw new Error(`there is no ${path}`)
        return text
      },
    })
    const words = ['config', 'import', ...(config === undefined ? [] : ['config.yml'])]
    const flags = [...(Object.keys(env).length > 0 ? ['--env'] : []), flag ?? []].flat()
    return { code: await main([...words, ...flags], io), printed: printed.join('\n'), said }
  })
  const [json, script] = await Promise.all(ways as [(typeof ways)[0], (typeof ways)[0]])
  return {
    ...script,
    planned: json.printed === '' ? undefined : (JSON.parse(json.printed) as Planned),
  }
}

const importing = async (config: string | undefined, env?: Record<string, string>) => {
  const { planned, ...rest } = await give(config, env)
  if (planned === undefined) throw new Error(rest.said.join())
  return { ...rest, planned }
}

const OF_FILES =
  'version: 0.1\nstorage: {filesystem: {rootdirectory: /data}, delete: {enabled: true}}\n'
const OF_S3 =
  'version: 0.1\nstorage:\n  delete: {enabled: true}\n  s3:\n    bucket: images\n    region: eu-west-1\n'

/** Keys, and the settings that are made of them beside the usual ones. */
const SETTINGS: readonly (readonly [what: string, config: string, settings: object])[] = [
  ['a directory', OF_FILES, { store: 'file:/data' }],
  [
    'the usual directory',
    'version: 0.1\nstorage: {delete: {enabled: yes}}',
    { store: 'file:/var/lib/registry' },
  ],
  ['a bucket', OF_S3, { store: 's3://images', 's3-region': 'eu-west-1' }],
  [
    'a bucket elsewhere',
    `${OF_S3}    rootdirectory: /deep/in/\n    regionendpoint: minio:9000\n    secure: false\n    forcepathstyle: false\n`,
    { store: 's3://images/deep/in', 's3-endpoint': 'http://minio:9000', 's3-path-style': 'off' },
  ],
  [
    'an endpoint over TLS',
    `${OF_S3}    regionendpoint: s3.example\n`,
    { 's3-endpoint': 'https://s3.example' },
  ],
  [
    'a key of KMS, and IPv6',
    `${OF_S3}    encrypt: true\n    keyid: alias/x\n    usedualstack: true\n`,
    { 's3-kms-key': 'alias/x', 's3-dualstack': 'on' },
  ],
  ['a key that is not used', `${OF_S3}    keyid: alias/x\n`, { 's3-kms-key': undefined }],
  [
    'redirects, and read-only',
    'version: 0.1\nstorage: {delete: {enabled: true}, redirect: {disable: true}, maintenance: {readonly: {enabled: true}}}',
    { redirects: 'off', 'read-only': 'on' },
  ],
  ['an address', `${OF_FILES}http: {addr: 'localhost:5001'}`, { listen: '127.0.0.1:5001' }],
  ['all addresses', `${OF_FILES}http: {addr: ':443'}`, { listen: '0.0.0.0:443' }],
  [
    'a host',
    `${OF_FILES}http: {host: 'https://r.example/'}`,
    { 'public-url': 'https://r.example' },
  ],
  ['time to end', `${OF_FILES}http: {draintimeout: 1m30s}`, { 'stop-timeout': '90s' }],
  [
    'TLS',
    `${OF_FILES}http: {tls: {certificate: /c.pem, key: /k.pem, clientcas: [/ca.pem]}}`,
    {
      'tls-cert': '/c.pem',
      'tls-key': '/k.pem',
      'tls-client-ca': '/ca.pem',
      'tls-client-only': 'on',
    },
  ],
  [
    'certificates of clients if they have some',
    `${OF_FILES}http: {tls: {certificate: /c.pem, key: /k.pem, clientcas: [/ca.pem], clientauth: verify-client-cert-if-given}}`,
    { 'tls-client-ca': '/ca.pem', 'tls-client-only': undefined },
  ],
  [
    'metrics',
    `${OF_FILES}http: {debug: {addr: ':5001', prometheus: {enabled: true}}}`,
    { metrics: '0.0.0.0:5001' },
  ],
  ['a level', `${OF_FILES}log: {level: warning}`, { 'log-level': 'warn' }],
  ['a level as of old', `${OF_FILES}loglevel: fatal`, { 'log-level': 'error' }],
  [
    'images of an index',
    `${OF_FILES}validation: {manifests: {indexes: {platforms: list, platformlist: [{os: linux, architecture: amd64}]}}}`,
    { 'index-children': 'linux/amd64' },
  ],
  [
    'no images of an index',
    `${OF_FILES}validation: {manifests: {indexes: {platforms: none}}}`,
    { 'index-children': 'none' },
  ],
]

test.each(SETTINGS)('%s', async (_, config, settings) => {
  const { code, planned, printed, said } = await importing(config)
  expect({ ...planned.settings }).toMatchObject(
    Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
  )
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) expect(planned.settings).not.toHaveProperty(name)
  }
  expect([code, said.filter((line) => !line.includes(': not needed: '))]).toEqual([0, []])
  // The script starts what it says, with these settings and no others.
  const line = printed.slice(printed.indexOf('exec slipway serve')).replaceAll(/\\\n\s*/g, ' ')
  const words = line.replace('exec slipway ', '').split(/\s+/)
  const parsed = parseLine(words, COMMANDS)
  if (!('command' in parsed)) throw new Error('no command')
  const read = readSomeSettings(parsed.command.settings, parsed.settings, {})
  expect(read['log-level']).toBe(planned.settings['log-level'] ?? 'info')
  expect(parsed.settings).toEqual(
    Object.entries(planned.settings).map(([name, value]) => `--${name}=${value}`),
  )
})

/** Keys, and what is said of them. */
const SAID: readonly (readonly [config: string, key: string, kind: string])[] = [
  ['log: {lvel: debug}', 'log.lvel', 'unknown'],
  ['strange: {a: [1, {b: c}]}', 'strange.a.0', 'unknown'],
  ['http: {adr: x}', 'http.adr', 'unknown'],
  ['health: fine', 'health', 'unknown'],
  ['stange: {}', 'stange', 'unknown'],
  ['http: {net: unix}', 'http.net', 'lacks'],
  ['http: {prefix: /nested/}', 'http.prefix', 'lacks'],
  ['http: {secret: hidden}', 'http.secret', 'needless'],
  ['http: {headers: {X-Frame-Options: [DENY]}}', 'http.headers.X-Frame-Options', 'lacks'],
  ['http: {tls: {letsencrypt: {email: a@b.c}}}', 'http.tls.letsencrypt', 'lacks'],
  ['http: {tls: {minimumtls: tls1.3}}', 'http.tls.minimumtls', 'lacks'],
  ['http: {tls: {clientcas: [/a, /b]}}', 'http.tls.clientcas', 'lacks'],
  ['http: {debug: {addr: ":1"}}', 'http.debug.addr', 'lacks'],
  ['http: {h2c: {enabled: true}}', 'http.h2c', 'lacks'],
  ['log: {hooks: [{type: mail}]}', 'log.hooks', 'lacks'],
  ['log: {formatter: text}', 'log.formatter', 'lacks'],
  ['log: {accesslog: {disabled: true}}', 'log.accesslog', 'lacks'],
  ['log: {level: loud}', 'log.level', 'lacks'],
  ['middleware: {storage: [{name: cloudfront}]}', 'middleware', 'lacks'],
  ['health: {tcp: [{addr: x}]}', 'health.tcp', 'lacks'],
  ['validation: {manifests: {urls: {allow: [x]}}}', 'validation.manifests.urls', 'lacks'],
  ['validation: {disabled: true}', 'validation', 'lacks'],
  ['policy: {repository: {classes: [image]}}', 'policy', 'lacks'],
  ['reporting: {bugsnag: {apikey: x}}', 'reporting', 'lacks'],
  ['compatibility: {schema1: {enabled: true}}', 'compatibility', 'lacks'],
  ['auth: {silly: {realm: x}}', 'auth.silly', 'lacks'],
  ['proxy: {remoteurl: "https://x.example", exec: {command: y}}', 'proxy.exec', 'lacks'],
  ['redis: {addrs: [x]}', 'redis', 'needless'],
  ['catalog: {maxentries: 10}', 'catalog.maxentries', 'needless'],
]

test.each(SAID)('%s: %s is said to be %s', async (config, key, kind) => {
  const { planned, code, said } = await importing(`${OF_FILES}${config}`)
  expect(planned.notes).toContainEqual({
    key,
    kind,
    why: expect.stringMatching(/^[a-zA-Z].*[^.]$/),
  })
  expect(said.some((line) => line.startsWith(`${key}: `))).toBe(true)
  expect(code).toBe(kind === 'needless' ? 0 : 1)
  expect(said.join()).not.toContain('hidden')
})

test.each([
  ['auth: {silly: {realm: x}}', 'token'],
  ['auth: {ours: {url: "https://x.example"}}', 'token'],
  ['auth: {silly: {}, none: {}}', 'token'],
  ['auth: {none: {}}', 'off'],
  ['auth: none', 'off'],
  ['{}', 'off'],
])('who comes in where there was %s: %s', async (config, auth) => {
  const given = config === '{}' ? '' : config
  expect((await importing(`${OF_FILES}${given}`)).planned.settings.auth).toBe(auth)
})

test('drivers that there are none of are named, and other keys of S3', async () => {
  const gcs = await importing('version: 0.1\nstorage: {gcs: {bucket: x}, delete: {enabled: true}}')
  expect(gcs.planned.notes).toContainEqual(
    expect.objectContaining({ key: 'storage.gcs', kind: 'lacks' }),
  )
  expect(gcs.planned.settings).not.toHaveProperty('store')
  const s3 = await importing(
    `${OF_S3}    accelerate: true\n    storageclass: STANDARD\n    v4auth: false\n    chunksize: 5\n    bukket: x\n`,
  )
  expect(s3.planned.notes.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
    'storage.s3.v4auth lacks',
    'storage.s3.accelerate lacks',
    'storage.s3.chunksize needless',
    'storage.s3.bukket unknown',
  ])
})

test('who may: users, and deletes as they were', async () => {
  const users = `auth: {htpasswd: {realm: x, path: /it's here}}`
  const { planned, printed } = await importing(`${OF_FILES}${users}`)
  expect(planned.users).toBe("/it's here")
  expect(printed).toContain(`slipway user import '/it'\\''s here' --store file:/data\n`)
  expect(planned.settings.auth).toBe('token')
  expect(parsePolicy(JSON.stringify(planned.documents.policy))).toBeDefined()
  const without = await importing(`version: 0.1\n${users}`)
  expect(without.planned.documents).toEqual({})
  // Nobody could delete there, and anybody can here.
  const open = await importing('version: 0.1')
  expect(open.planned.settings.auth).toBe('off')
  expect(open.planned.notes).toEqual([
    expect.objectContaining({ key: 'storage.delete.enabled', kind: 'lacks' }),
  ])
})

test('who may: another token server', async () => {
  const token = (more: string) =>
    `${OF_FILES}auth: {token: {realm: 'https://auth.example/token', service: r.example, issuer: auth.example, ${more}}}`
  const { planned, printed } = await importing(token('rootcertbundle: /bundle.pem'))
  expect(planned.settings).toMatchObject({
    ...{ auth: 'token', 'token-realm': 'https://auth.example/token', 'token-service': 'r.example' },
  })
  const issuers = [{ issuer: 'auth.example', certificates: 'CERTIFICATES\n' }]
  expect(planned.documents.issuers).toEqual({ version: 1, issuers })
  const [, document = ''] = /issuers set - .*\n([\s\S]*?)\nEOF/.exec(printed) ?? []
  expect(parse(document)).toEqual(planned.documents.issuers)
  expect(await parseIssuers(document)).toHaveLength(1)
  const byKeys = await importing(token('jwks: /jwks.json'))
  expect(byKeys.planned.documents.issuers).toMatchObject({
    issuers: [{ jwks: { keys: [{ kty: 'EC' }] } }],
  })
  const lost = await importing(token('rootcertbundle: /none'))
  expect(lost.planned.notes).toContainEqual(
    expect.objectContaining({ key: 'auth.token.rootcertbundle', kind: 'lacks' }),
  )
})

test('notifications', async () => {
  const { planned, printed } = await importing(`${OF_FILES}notifications:
  events: {includereferences: true}
  endpoints:
    - name: My Listener
      url: http://listener:8080/x?y=z
      headers: {Authorization: [Bearer hidden], X-Other: [x]}
      timeout: 1s
      ignoredmediatypes: [application/octet-stream]
      ignore: {actions: [pull]}
    - {name: off, url: 'http://x', disabled: true, headers: {Authorization: [x]}}
    - {name: b, url: 'http://127.0.0.1:1/'}
    - {name: c, url: 'https://user:hidden@hooks.example/'}
`)
  const { events } = planned.documents
  expect(events).toEqual({
    version: 1,
    receivers: [
      {
        ...{ name: 'my-listener', url: 'http://listener:8080/x?y=z', format: 'distribution' },
        ...{ kinds: ['push', 'mount', 'delete'], blobs: false, references: true },
        ...{ authorization: 'env:SLIPWAY_EVENT_MY_LISTENER', private: true },
      },
      expect.objectContaining({ name: 'b', private: ['127.0.0.1'] }),
      expect.objectContaining({ name: 'c', url: 'https://hooks.example/' }),
    ],
  })
  expect(parseReceivers(JSON.stringify(events))).toHaveLength(3)
  expect(planned.variables).toEqual([
    {
      name: 'SLIPWAY_EVENT_MY_LISTENER',
      from: 'notifications.endpoints.0.headers.Authorization',
    },
  ])
  expect(planned.notes.filter(({ kind }) => kind === 'lacks').map(({ key }) => key)).toEqual([
    'notifications.endpoints.0.headers.X-Other',
    'notifications.endpoints.3.url',
  ])
  expect(printed).toContain(': "${SLIPWAY_EVENT_MY_LISTENER:?expected notifications.')
  expect(JSON.stringify(planned) + printed).not.toContain('hidden')
})

test('a proxy', async () => {
  const of = async (proxy: string) => (await importing(`${OF_FILES}proxy: ${proxy}`)).planned
  const hub = await of('{remoteurl: "https://registry-1.docker.io", username: u, password: hidden}')
  expect(hub.documents.upstreams).toEqual({
    version: 1,
    upstreams: [
      { name: 'hub', host: 'docker.io', prefix: '', credentials: 'env:SLIPWAY_UPSTREAM_HUB' },
    ],
  })
  expect(JSON.stringify(hub)).not.toContain('hidden')
  const own = await of('{remoteurl: "http://10.1.2.3:5000", ttl: 1h}')
  expect(own.documents.upstreams).toMatchObject({
    upstreams: [{ host: '10.1.2.3:5000', url: 'http://10.1.2.3:5000', private: ['10.1.2.3'] }],
  })
  for (const { documents } of [hub, own]) {
    expect(parseUpstreams(JSON.stringify(documents.upstreams))).toHaveLength(1)
  }
})

test('variables count more than the file, and may be all there is', async () => {
  const env = {
    REGISTRY_HTTP_ADDR: ':7000',
    REGISTRY_STORAGE: 's3',
    REGISTRY_STORAGE_S3_BUCKET: '0123456',
    REGISTRY_STORAGE_S3_ACCESSKEY: 'AKIA',
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
    REGISTRY_NOTIFICATIONS_ENDPOINTS_0_NAME: 'a',
    REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL: 'https://hooks.example',
    REGISTRY_HTTP_TLS_CLIENTCAS: '[/ca.pem]',
    REGISTRY_LOG_LVEL: 'x',
    REGISTRY_PORT: 'tcp://10.0.0.1:5000',
    OTHER: 'x',
  }
  const { planned } = await importing(OF_FILES, env)
  expect(planned.settings).toMatchObject({
    ...{ store: 's3://0123456', listen: '0.0.0.0:7000', 'tls-client-ca': '/ca.pem' },
  })
  expect(planned.variables).toEqual([{ name: 'AWS_ACCESS_KEY_ID', from: 'storage.s3.accesskey' }])
  expect(planned.documents.events).toMatchObject({ receivers: [{ name: 'a' }] })
  expect(planned.notes).toEqual([expect.objectContaining({ key: 'log.lvel', kind: 'unknown' })])
  const alone = await importing(undefined, {
    REGISTRY_AUTH: 'htpasswd',
    REGISTRY_AUTH_HTPASSWD_PATH: '/users',
  })
  expect(alone.planned).toMatchObject({
    users: '/users',
    settings: { store: 'file:/var/lib/registry', listen: '0.0.0.0:5000' },
  })
})

test.each([
  ['- a', 'is no configuration of distribution'],
  ['storage: x', 'is no configuration of distribution: it has no version'],
  ['version: 2', 'is of version 2: only 0.1 is known'],
  ['version: 0.1\nversion: 0.1', 'is not YAML: Map keys must be unique'],
  ['version: 0.1\nstorage: {s3: {}, filesystem: {}}', 'storage has filesystem and s3'],
])('%j is refused', async (config, why) => {
  const { code, said } = await give(config)
  expect(code).toBe(1)
  expect(said.join()).toContain(why)
})

test('a server says that it ignores them, and what to do', () => {
  const note = (env: Record<string, string>) => ignoredNote(env, 'slipway')
  expect(
    note({ REGISTRY_PORT: 'x', REGISTRY_PORT_5000_TCP: 'x', SLIPWAY_REGISTRY: 'x' }),
  ).toBeUndefined()
  expect(note({ REGISTRY_HTTP_ADDR: ':5000', REGISTRY_AUTH: 'htpasswd' })).toBe(
    'REGISTRY_AUTH, REGISTRY_HTTP_ADDR: settings of distribution are ignored here. slipway config import --env says what they are called.',
  )
  const many = ['A', 'B', 'C', 'D'].map((name) => [`REGISTRY_LOG_${name}`, 'x'])
  expect(note(Object.fromEntries(many))).toContain('REGISTRY_LOG_C and others: ')
})
