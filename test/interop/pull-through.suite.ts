/**
 * Pull-through from Debian's `docker-registry` with Basic: by skopeo and crane by name, by containerd as the mirror of a
 * host, by Docker as that of Docker Hub; while the upstream is there, and when it is gone.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startContainerd, startDockerd } from '../e2e/support/daemons.ts'
import { run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { mirrorLines } from './mirror-lines.ts'
import { writeLayout } from './oci-layout.ts'

const directory = scratch('pull-through')
const at = (name: string): string => join(directory.path, name)
const closes: (() => Promise<void>)[] = []

let upstream: LiveRegistry
let registry: LiveRegistry
/** Digest of the manifest. */
let manifest: string
/** Digests of config and layers. */
let blobs: readonly string[]

/** GETs of content that the upstream has answered. */
const asked = (): string[] =>
  [...upstream.output().matchAll(/"GET (\/v2\/team\/app\/\S+) HTTP\/1.1" 200/g)].map(
    ([, path = '']) => path,
  )

beforeAll(async () => {
  const made = await writeLayout(at('layout'), ['amd64'], [20_000_000, 1_000_000, 1_000])
  ;({ manifest, blobs } = made.amd64!)
  writeFileSync(at('htpasswd'), await run('htpasswd', ['-Bbn', 'alice', 'secret']))
  upstream = await startRegistry(
    'distribution',
    { directory: at('upstream') },
    { htpasswd: at('htpasswd') },
  )
  closes.push(upstream.close)
  await run('skopeo', [
    ...['--insecure-policy', 'copy', '--preserve-digests', '--dest-tls-verify=false'],
    ...['--dest-creds', 'alice:secret'],
    ...[`oci:${at('layout')}:v1`, `docker://${upstream.address}/team/app:v1`],
  ])
  const entry = {
    url: `http://${upstream.address}`,
    private: ['127.0.0.1'],
    credentials: 'env:SLIPWAY_UPSTREAM_UP',
  }
  const upstreams = [
    { ...entry, name: 'up', host: 'up.example', prefix: 'up' },
    // It stands for Docker Hub.
    { ...entry, name: 'hub', host: 'docker.io', prefix: '' },
  ]
  writeFileSync(at('upstreams'), JSON.stringify({ version: 1, upstreams }))
  const store = { directory: at('store') }
  await slipway('upstreams', store, ['set', at('upstreams')])
  registry = await startRegistry('slipway', store, {
    flags: ['--auth', 'off'],
    env: { SLIPWAY_UPSTREAM_UP: 'alice:secret' },
  })
  closes.push(registry.close)
})

afterAll(async () => {
  for (const close of closes.reverse()) await close()
  directory.remove()
})

const skopeo = (target: string): Promise<string> =>
  run('skopeo', [
    ...['--insecure-policy', 'copy', '--src-tls-verify=false'],
    ...[`docker://${registry.address}/up/team/app:v1`, `dir:${at(target)}`],
  ])

/** Has containerd fetch from `up.example`, whose mirror is the registry. @returns the digests that it then has */
const fetchByMirror = async (
  name: string,
  directoryName: 'up.example' | '_default',
): Promise<readonly string[]> => {
  const hosts = at(`hosts-${name}`)
  const put = { 'https://registry.example': `http://${registry.address}` }
  const lines =
    directoryName === '_default'
      ? mirrorLines('/etc/containerd/certs.d/_default/hosts.toml', put)
      : mirrorLines('/etc/containerd/certs.d/ghcr.io/hosts.toml', {
          ...put,
          'ghcr.io': 'up.example',
        })
  mkdirSync(join(hosts, directoryName), { recursive: true })
  writeFileSync(join(hosts, directoryName, 'hosts.toml'), lines)
  const daemon = await startContainerd(directory.path, name)
  closes.push(daemon.stop)
  await daemon.ctr('content', 'fetch', '--hosts-dir', hosts, 'up.example/team/app:v1')
  return (await daemon.ctr('content', 'ls', '-q')).trim().split('\n').sort()
}

test('many cold clients cost the upstream one GET for each part', async () => {
  await Promise.all(Array.from({ length: 5 }, (_, number) => skopeo(`cold-${number}`)))
  expect(asked().sort()).toEqual(
    ['/v2/team/app/manifests/v1', ...blobs.map((digest) => `/v2/team/app/blobs/${digest}`)].sort(),
  )
})

test('containerd has it by the namespace of the host', async () => {
  assert.deepEqual(await fetchByMirror('there', 'up.example'), [manifest, ...blobs].toSorted())
})

test('docker has it by the mirror of Docker Hub, which shows that it has the blobs', async () => {
  const before = asked()
  const put = { 'https://registry.example': `http://${registry.address}` }
  writeFileSync(at('daemon.json'), mirrorLines('/etc/docker/daemon.json', put))
  const mirror = ['--config-file', at('daemon.json')]
  const { docker, stop } = await startDockerd(directory.path, 'dockerd', 'vfs', undefined, mirror)
  closes.push(stop)
  await docker('pull', 'team/app:v1')
  const [image] = JSON.parse(await docker('image', 'inspect', 'team/app:v1'))
  assert.deepEqual(image.RepoDigests, [`team/app@${manifest}`])
  // Of blobs that another repository has, a part is shown; the config and the last layer are too small for that.
  const shown = [blobs[0], blobs.at(-1)].map((digest) => `/v2/team/app/blobs/${digest}`)
  const parts = ['/v2/team/app/manifests/v1', ...shown]
  assert.deepEqual(asked().slice(before.length).toSorted(), parts.toSorted())
})

test('skopeo, as podman and CRI-O, has it by registries.conf', async () => {
  const lines = mirrorLines('/etc/containers/registries.conf.d/ghcr.conf', {
    'registry.example/any/ghcr.io': `${registry.address}/up`,
    'ghcr.io': 'up.example',
  })
  writeFileSync(at('registries.conf'), `${lines}insecure = true\n`)
  const copy = ['copy', 'docker://up.example/team/app:v1', `dir:${at('by-conf')}`]
  await run('skopeo', ['--insecure-policy', '--registries-conf', at('registries.conf'), ...copy])
  assert.ok(readFileSync(at('by-conf/manifest.json')).length > 0)
})

test('crane lists what is there', async () => {
  const listed = await run('crane', ['ls', '--insecure', `${registry.address}/up/team/app`])
  assert.equal(listed.trim(), 'v1')
})

test('a push is refused, and says why', async () => {
  const push = ['push', '--insecure', at('layout'), `${registry.address}/up/team/app:v2`]
  await assert.rejects(run('crane', push), /is a copy of what up.example has: push there/)
})

test('when the upstream is gone, all is pulled again', async () => {
  const before = asked().length
  await upstream.close()
  await skopeo('gone')
  assert.deepEqual(await fetchByMirror('gone', '_default'), [manifest, ...blobs].toSorted())
  assert.equal(asked().length, before)
})
