/**
 * `slipway config import` on configurations of others: Debian's docker-registry, and the examples of distribution 3's
 * module. The registry runs by them, filled; then the script that comes of them, which serves what was there.
 *
 * Where things are is changed by REGISTRY_ variables, for the one and for the other.
 *
 * @module
 */

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { PASSWORD } from '../cli/history/exercise.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import {
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
  toolCache,
} from '../support/live/process.ts'
import { startLiveS3 } from '../support/live/s3.ts'

type Env = Readonly<Record<string, string>>

const BASIC = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`
const LAYER = blob('of distribution', 3000)
const IMAGE = imageOf([LAYER])
const TYPE = 'application/vnd.oci.image.manifest.v1+json'

const ask = async (url: string, method: string, path: string, body?: Content, type = 'x/y') => {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      Authorization: BASIC,
      Accept: `${TYPE}, */*`,
      ...(body && { 'Content-Type': type }),
    },
    ...(body && { body: new Uint8Array(body.bytes) }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes }
}

const fill = async (url: string): Promise<void> => {
  for (const each of [CONFIG, LAYER]) {
    const begun = await ask(url, 'POST', '/v2/team/app/blobs/uploads/')
    const at = new URL(begun.headers.get('Location') ?? '', url)
    at.searchParams.set('digest', each.sha256)
    expect((await ask(url, 'PUT', at.pathname + at.search, each)).status).toBe(201)
  }
  expect((await ask(url, 'PUT', '/v2/team/app/manifests/v1', IMAGE, TYPE)).status).toBe(201)
}

/** Pulls the image, by name and by digest. */
const pull = async (url: string): Promise<void> => {
  for (const [path, wanted] of [
    ['manifests/v1', IMAGE],
    [`manifests/${IMAGE.sha256}`, IMAGE],
    [`blobs/${CONFIG.sha256}`, CONFIG],
    [`blobs/${LAYER.sha256}`, LAYER],
  ] as const) {
    const { status, bytes } = await ask(url, 'GET', `/v2/team/app/${path}`)
    expect([path, status]).toEqual([path, 200])
    expect(bytes.equals(wanted.bytes)).toBe(true)
  }
}

/** The programs, and what they are called with before the configuration. */
const PROGRAMS = {
  2: 'docker-registry',
  3: join(toolCache, 'distribution/registry'),
} as const

/** distribution by a configuration. */
const startDistribution = async (version: 2 | 3, config: string, env: Env, url: string) =>
  startDaemon({
    name: `config-import-${version}`,
    command: PROGRAMS[version],
    args: ['serve', config],
    env: { ...env, OTEL_TRACES_EXPORTER: 'none' },
    ready: () => responds(`${url}/v2/`),
  })

/** Slipway by the script that is printed for a configuration. @returns what was said of it */
const startImported = async (
  t: TestContext,
  config: string,
  env: Env,
  secrets: Env,
  url: string,
) => {
  const { path, remove } = scratch('config-import')
  const cli = `exec ${process.execPath} ${join(projectRoot, 'functions/handlers/cli.ts')} "$@"`
  writeFileSync(join(path, 'slipway'), `#!/bin/sh\n${cli}\n`)
  chmodSync(join(path, 'slipway'), 0o755)
  // It exits with 1 where something has no counterpart: what it prints counts.
  const given = `slipway config import "$1" --env > script 2> said || [ $? -eq 1 ]`
  const own = { PATH: `${path}:${process.env.PATH}` }
  await run('sh', ['-c', given, 'sh', config], { cwd: path, env: { ...own, ...env } })
  const daemon = await startDaemon({
    name: 'config-import',
    command: 'sh',
    args: ['script'],
    cwd: path,
    env: { ...own, ...secrets },
    ready: () => responds(`${url}/livez`),
  })
  t.onTestFinished(async () => {
    await daemon.stop()
    remove()
  })
  return { said: await run('cat', [join(path, 'said')]), daemon }
}

/** Where the module's examples are, as Go has it. */
const exampleOf = async (name: string): Promise<string> => {
  const module = 'github.com/distribution/distribution/v3'
  const directory = await run('go', ['list', '-m', '-f', '{{.Dir}}', module], {
    cwd: join(projectRoot, '.ci/distribution'),
    env: { GOFLAGS: '-mod=readonly' },
  })
  return join(directory.trim(), 'cmd/registry', name)
}

/** Variables for a place of its own, with Alice among its users. */
const placed = async (t: TestContext) => {
  const { path, remove } = scratch('config-import-data')
  t.onTestFinished(remove)
  const htpasswd = join(path, 'htpasswd')
  await run('htpasswd', ['-cbB', htpasswd, 'alice', PASSWORD])
  const address = `127.0.0.1:${await freePort()}`
  const env = {
    REGISTRY_HTTP_ADDR: address,
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(path, 'data'),
  }
  return { url: `http://${address}`, htpasswd, env }
}

const debug = async () => ({ REGISTRY_HTTP_DEBUG_ADDR: `127.0.0.1:${await freePort()}` })

test.for([
  ["Debian's", 2, async (): Promise<string> => '/etc/docker/registry/config.yml', true],
  ["the module's example", 3, () => exampleOf('config-example.yml'), true],
  ["the developers' example", 3, () => exampleOf('config-dev.yml'), false],
] as const)('%s, on files', async ([, version, find, hasUsers], t) => {
  const config: string = await find()
  const { url, htpasswd, env } = await placed(t)
  const own: Env = hasUsers ? { REGISTRY_AUTH_HTPASSWD_PATH: htpasswd } : await debug()
  const all = { ...env, ...own }
  const before = await startDistribution(version, config, all, url)
  await fill(url)
  await before.stop()
  const { said } = await startImported(t, config, all, {}, url)
  expect(said).not.toMatch(/: (?:unknown|no counterpart): /)
  await pull(url)
  expect((await ask(url, 'GET', '/v2/_catalog')).bytes.toString()).toContain('team/app')
  expect((await fetch(`${url}/v2/team/app/tags/list`)).status).toBe(hasUsers ? 401 : 200)
  // What Debian's and the developers' configuration lets one do: `storage.delete`.
  const { status } = await ask(url, 'DELETE', '/v2/team/app/manifests/v1')
  expect(status).toBe(config.endsWith('config-example.yml') ? 403 : 202)
})

test.for([2, 3] as const)('registry:%d on S3, by variables alone', async (version, t) => {
  const s3 = await startLiveS3('versitygw')
  t.onTestFinished(s3.close)
  const address = `127.0.0.1:${await freePort()}`
  const url = `http://${address}`
  const env = {
    REGISTRY_HTTP_ADDR: address,
    REGISTRY_STORAGE: 's3',
    REGISTRY_STORAGE_S3_BUCKET: s3.bucket,
    REGISTRY_STORAGE_S3_REGION: s3.region,
    REGISTRY_STORAGE_S3_REGIONENDPOINT: s3.endpoint,
    REGISTRY_STORAGE_S3_ROOTDIRECTORY: '/deep/inside',
    REGISTRY_STORAGE_S3_FORCEPATHSTYLE: 'true',
    REGISTRY_STORAGE_S3_SECURE: 'false',
    REGISTRY_STORAGE_S3_ACCESSKEY: s3.accessKeyId,
    REGISTRY_STORAGE_S3_SECRETKEY: s3.secretAccessKey,
    REGISTRY_STORAGE_REDIRECT_DISABLE: 'true',
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
  }
  const { path, remove } = scratch('config-import-s3')
  t.onTestFinished(remove)
  const config = join(path, 'config.yml')
  writeFileSync(config, 'version: 0.1\n')
  const before = await startDistribution(version, config, env, url)
  await fill(url)
  await before.stop()
  const secrets = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey }
  const { said } = await startImported(t, config, env, secrets, url)
  expect(said).toBe('')
  await pull(url)
})

test('a cache of another registry, which is then away', async (t) => {
  const upstream = await placed(t)
  const open = join(upstream.htpasswd, '../config.yml')
  writeFileSync(open, 'version: 0.1\nstorage: {filesystem: {}}\nhttp: {}\n')
  const source = await startDistribution(2, open, upstream.env, upstream.url)
  await fill(upstream.url)
  const { url, env } = await placed(t)
  const config = await exampleOf('config-cache.yml')
  const all = {
    ...env,
    ...(await debug()),
    REGISTRY_PROXY_REMOTEURL: upstream.url,
    REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR: 'inmemory',
  }
  const before = await startDistribution(3, config, all, url)
  await pull(url)
  await before.stop()
  const name = new URL(upstream.url).host.replaceAll(/[.:]/g, '_')
  const secrets = { [`SLIPWAY_UPSTREAM_${name}`]: 'username:password' }
  await startImported(t, config, all, secrets, url)
  await pull(url)
  await source.stop()
  await pull(url)
})

test('a server that is given variables of distribution says so', async (t) => {
  const { url, htpasswd, env } = await placed(t)
  const all = { ...env, REGISTRY_AUTH_HTPASSWD_PATH: htpasswd }
  const { daemon } = await startImported(t, '/etc/docker/registry/config.yml', all, all, url)
  expect(daemon.output()).toMatch(
    /^REGISTRY_AUTH_HTPASSWD_PATH, REGISTRY_HTTP_ADDR, .* are ignored here\. slipway config import/m,
  )
})
