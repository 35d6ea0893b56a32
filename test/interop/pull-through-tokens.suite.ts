/**
 * Pull-through from registries that want tokens: another Slipway, and distribution 3, whose tokens that one issues; by
 * podman, oras, helm, crane and skopeo, each while the upstream is there and when it is gone.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  freePort,
  responds,
  run,
  scratch,
  startDaemon,
  toolCache,
} from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { mirrorLines } from './mirror-lines.ts'
import { writeLayout } from './oci-layout.ts'

const directory = scratch('through')
const at = (name: string): string => join(directory.path, name)
const closes: (() => Promise<void>)[] = []

const AUTH = 'alice:correct-horse'
const POLICY = `{version: 1, rules: [{who: ['user:alice'], repositories: ['**'], actions: ['*']}]}`

let upstream: LiveRegistry
/** `host:port` of distribution 3. */
let third: string
let registry: LiveRegistry
let images: Awaited<ReturnType<typeof writeLayout>>

/** Runs a client that has the upstreams' credentials, and none for the registry. */
const withLogin = (program: string, ...args: string[]): Promise<string> =>
  run(program, args, { cwd: directory.path, env: { DOCKER_CONFIG: at('login') } })
/** Runs a client that has no credentials. */
const plainly = (program: string, ...args: string[]): Promise<string> =>
  run(program, args, { cwd: directory.path, env: { HOME: at('home'), DOCKER_CONFIG: at('home') } })

const startDistribution3 = async (): Promise<string> => {
  const address = `127.0.0.1:${await freePort()}`
  const jwks = at('jwks.json')
  const keys = await fetch(`http://${upstream.address}/.well-known/jwks.json`)
  writeFileSync(jwks, await keys.text())
  const token = { realm: `http://${upstream.address}/token`, service: 'slipway', issuer: 'slipway' }
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: at('third') } },
    http: { addr: address, secret: 'of-no-worth' },
    auth: { token: { ...token, jwks, signingalgorithms: ['ES256'] } },
  }
  writeFileSync(at('third.json'), JSON.stringify(config))
  const daemon = await startDaemon({
    name: 'distribution-3-tokens',
    command: join(toolCache, 'distribution/registry'),
    args: ['serve', at('third.json')],
    env: { OTEL_TRACES_EXPORTER: 'none' },
    ready: () => responds(`http://${address}/v2/`),
  })
  closes.push(daemon.stop)
  return address
}

const pushChart = async (repository: string): Promise<void> => {
  mkdirSync(at('chart'))
  writeFileSync(at('chart/Chart.yaml'), 'apiVersion: v2\nname: chart\nversion: 1.0.0\n')
  writeFileSync(at('chart/data'), randomBytes(500_000))
  await plainly('helm', 'package', 'chart')
  const config = ['--registry-config', at('login/config.json'), '--plain-http']
  await plainly('helm', 'push', 'chart-1.0.0.tgz', `oci://${repository}`, ...config)
}

/** podman's configuration: a mirror, and a name that stands for one here. */
const writeRegistriesConf = (): void => {
  const mirror = mirrorLines('/etc/containers/registries.conf.d/ghcr.conf', {
    'registry.example/any/ghcr.io': `${registry.address}/up`,
    'ghcr.io': 'up.example',
  })
  const instead = mirrorLines('/etc/containers/registries.conf.d/quay.conf', {
    'registry.example/any/quay.io/prometheus': `${registry.address}/third/team`,
    'quay.io/prometheus': 'third.example/team',
  })
  const lines = [mirror, instead].map((each) => `${each}insecure = true\n`)
  writeFileSync(at('registries.conf'), lines.join('\n'))
}

beforeAll(async () => {
  const store = { directory: at('upstream') }
  for (const name of ['login', 'home', 'upstream']) mkdirSync(at(name))
  const [name = '', password] = AUTH.split(':')
  await slipway('user', store, ['add', name, '--password-stdin'], { input: `${password}\n` })
  await slipway('policy', store, ['set', '-'], { input: POLICY })
  upstream = await startRegistry('slipway', store, { flags: ['--auth', 'token'] })
  closes.push(upstream.close)
  third = await startDistribution3()
  const login = { auth: Buffer.from(AUTH).toString('base64') }
  const auths = { [upstream.address]: login, [third]: login }
  writeFileSync(at('login/config.json'), JSON.stringify({ auths }))

  images = await writeLayout(at('layout'), ['amd64', 'arm64'], [1_000_000])
  for (const address of [upstream.address, third]) {
    const flags = [
      '--insecure-policy',
      'copy',
      '--all',
      '--preserve-digests',
      '--dest-tls-verify=false',
    ]
    const creds = ['--dest-creds', AUTH]
    await plainly(
      'skopeo',
      ...flags,
      ...creds,
      `oci:${at('layout')}:v1`,
      `docker://${address}/team/app:v1`,
    )
  }
  writeFileSync(at('model.bin'), randomBytes(500_000))
  const model = `${upstream.address}/team/model:v1`
  const type = '--artifact-type=application/vnd.example.model'
  await withLogin('oras', 'push', '--plain-http', type, model, 'model.bin')
  writeFileSync(at('sbom.json'), '{}')
  const sbom = '--artifact-type=application/vnd.example.sbom'
  await withLogin('oras', 'attach', '--plain-http', sbom, model, 'sbom.json')
  await pushChart(`${upstream.address}/charts`)

  const entry = { private: ['127.0.0.1'], credentials: 'env:SLIPWAY_UPSTREAM_UP' }
  const upstreams = [
    { ...entry, name: 'up', host: 'up.example', prefix: 'up', url: `http://${upstream.address}` },
    { ...entry, name: 'third', host: 'third.example', prefix: 'third', url: `http://${third}` },
  ]
  writeFileSync(at('upstreams'), JSON.stringify({ version: 1, upstreams }))
  const cache = { directory: at('store') }
  await slipway('upstreams', cache, ['set', at('upstreams')])
  registry = await startRegistry('slipway', cache, {
    flags: ['--auth', 'off'],
    env: { SLIPWAY_UPSTREAM_UP: AUTH },
  })
  closes.push(registry.close)
  writeRegistriesConf()
})

afterAll(async () => {
  for (const close of closes.reverse()) await close()
  directory.remove()
})

/** Runs podman on an empty store of its own. */
const podman = (store: string, ...args: string[]): Promise<string> => {
  const home = at(store)
  const places = ['--root', join(home, 'root'), '--runroot', join(home, 'run')]
  return run('podman', [...places, '--storage-driver', 'vfs', ...args], {
    env: {
      XDG_DATA_HOME: home,
      HOME: home,
      TMPDIR: directory.path,
      CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
    },
  })
}

/** What of a repository the upstream has given Slipway. */
const given = (repository: string): readonly string[] => {
  const below = `/v2/${repository}/`
  const lines = upstream.output().split('\n')
  const requests = lines
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line))
  return requests
    .filter(({ method, userAgent }) => method === 'GET' && userAgent === 'slipway')
    .filter(({ path, status }) => path.startsWith(below) && status === 200)
    .map(({ path }) => path.slice(below.length))
}

describe.each(['there', 'gone'])('while the upstreams are %s', (state) => {
  beforeAll(async () => {
    if (state === 'there') return
    for (const close of closes.splice(0, 2)) await close()
  })

  test('podman pulls one platform of an index by name', async () => {
    const image = `${registry.address}/up/team/app:v1`
    const platform = ['--platform', 'linux/arm64']
    await podman(`name-${state}`, 'pull', '--quiet', '--tls-verify=false', ...platform, image)
    const inspect = ['inspect', '--type', 'image', '--format', '{{.Architecture}}', image]
    assert.equal((await podman(`name-${state}`, ...inspect)).trim(), 'arm64')
    const { manifest, blobs } = images.arm64!
    // Nothing of the other platform.
    const wanted = [
      ...['v1', manifest].map((each) => `manifests/${each}`),
      ...blobs.map((each) => `blobs/${each}`),
    ]
    const got = given('team/app').filter((path) => path !== 'tags/list')
    assert.deepEqual(got.toSorted(), wanted.toSorted())
  })

  test('podman pulls by registries.conf: as a mirror, and by a prefix', async () => {
    const platform = ['--platform', 'linux/arm64']
    for (const image of ['up.example/team/app:v1', 'third.example/team/app:v1']) {
      await podman(`conf-${state}`, 'pull', '--quiet', ...platform, image)
    }
  })

  test('oras pulls an artifact, and finds what refers to it', async () => {
    const model = `${registry.address}/up/team/model:v1`
    const out = `model-${state}`
    await plainly('oras', 'pull', '--plain-http', '-o', out, model)
    expect(readFileSync(at(`${out}/model.bin`)).equals(readFileSync(at('model.bin')))).toBe(true)
    const found = JSON.parse(
      await plainly('oras', 'discover', '--plain-http', '--format=json', model),
    )
    expect(found.referrers).toMatchObject([{ artifactType: 'application/vnd.example.sbom' }])
  })

  test('helm pulls a chart', async () => {
    mkdirSync(at(`chart-${state}`))
    const chart = `oci://${registry.address}/up/charts/chart`
    const version = ['--version', '1.0.0', '--plain-http', '-d', `chart-${state}`]
    await plainly('helm', 'pull', chart, ...version)
    const [was, is] = ['chart-1.0.0.tgz', `chart-${state}/chart-1.0.0.tgz`].map((name) =>
      readFileSync(at(name)),
    )
    expect(is!.equals(was!)).toBe(true)
  })

  test('skopeo copies one platform from distribution 3', async () => {
    const [platform, source] = ['arm64', `docker://${registry.address}/third/team/app:v1`]
    await plainly(
      'skopeo',
      ...['--insecure-policy', '--override-arch', platform, 'copy', '--src-tls-verify=false'],
      ...[source, `dir:${at(`skopeo-${state}`)}`],
    )
    assert.ok(readFileSync(at(`skopeo-${state}/manifest.json`)).length > 0)
  })

  test('crane lists tags of both', async () => {
    for (const prefix of ['up', 'third']) {
      const listed = await plainly(
        'crane',
        'ls',
        '--insecure',
        `${registry.address}/${prefix}/team/app`,
      )
      const expected = state === 'there' ? ['v1'] : ['v1']
      assert.deepEqual(listed.trim().split('\n'), expected)
    }
  })
})
