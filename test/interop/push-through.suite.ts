/**
 * Pushes that are pushed on: to Debian's `docker-registry` with Basic, and to another Slipway with tokens; by skopeo, crane,
 * docker and oras. What was pushed is had from the upstream itself, and from the registry when the upstream is gone.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDockerd } from '../e2e/support/daemons.ts'
import { run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { writeLayout } from './oci-layout.ts'

const directory = scratch('push-through')
const at = (name: string): string => join(directory.path, name)
const closes: (() => Promise<void>)[] = []

const AUTH = 'alice:correct-horse'
const POLICY = `{version: 1, rules: [{who: ['user:alice'], repositories: ['**'], actions: ['*']}]}`

/** By what its repositories begin with. */
const upstreams = new Map<string, LiveRegistry>()
let registry: LiveRegistry
let images: Awaited<ReturnType<typeof writeLayout>>

const home = { HOME: at('home'), DOCKER_CONFIG: at('login') }
const client = (program: string, ...args: string[]): Promise<string> =>
  run(program, args, { cwd: directory.path, env: home })

const startBasic = async (): Promise<LiveRegistry> => {
  writeFileSync(at('htpasswd'), await run('htpasswd', ['-Bbn', ...AUTH.split(':')]))
  const options = { htpasswd: at('htpasswd') }
  return startRegistry('distribution', { directory: at('basic') }, options)
}

const startTokens = async (): Promise<LiveRegistry> => {
  const store = { directory: at('tokens') }
  mkdirSync(store.directory)
  const [name = '', password] = AUTH.split(':')
  await slipway('user', store, ['add', name, '--password-stdin'], { input: `${password}\n` })
  await slipway('policy', store, ['set', '-'], { input: POLICY })
  return startRegistry('slipway', store, { flags: ['--auth', 'token'] })
}

beforeAll(async () => {
  for (const name of ['home', 'login']) mkdirSync(at(name))
  upstreams.set('basic', await startBasic())
  upstreams.set('tokens', await startTokens())
  const entries = [...upstreams].map(([prefix, { address }]) => ({
    ...{ name: prefix, host: `${prefix}.example`, prefix, url: `http://${address}` },
    ...{ private: ['127.0.0.1'], credentials: 'env:SLIPWAY_UPSTREAM_UP', writable: true },
  }))
  const name = 'stranger'
  const stranger = {
    ...entries[0],
    name,
    host: 'basic.example:1',
    prefix: name,
    credentials: undefined,
  }
  const document = { version: 1, upstreams: [...entries, stranger] }
  writeFileSync(at('upstreams'), JSON.stringify(document))
  const login = { auth: Buffer.from(AUTH).toString('base64') }
  const auths = [...upstreams.values()].map(({ address }) => [address, login])
  writeFileSync(at('login/config.json'), JSON.stringify({ auths: Object.fromEntries(auths) }))
  const store = { directory: at('store') }
  await slipway('upstreams', store, ['set', at('upstreams')])
  registry = await startRegistry('slipway', store, {
    flags: ['--auth', 'off'],
    env: { SLIPWAY_UPSTREAM_UP: AUTH },
  })
  closes.push(registry.close)
  images = await writeLayout(at('layout'), ['amd64', 'arm64'], [20_000_000, 1_000])
})

afterAll(async () => {
  for (const close of closes.reverse()) await close()
  for (const { close } of upstreams.values()) await close()
  directory.remove()
})

const skopeo = (...args: string[]): Promise<string> =>
  client('skopeo', '--insecure-policy', ...args)

/** Pulls all of an image; skopeo verifies it. */
const isWhole = async (name: string): Promise<void> => {
  const target = `oci:${at(`whole-${name.replaceAll(/\W/g, '-')}`)}:v1`
  await skopeo('copy', '--all', '--src-tls-verify=false', `docker://${name}`, target)
}

test('a push that the upstream refuses is refused, and says why', async () => {
  const flags = ['--all', '--preserve-digests', '--dest-tls-verify=false']
  const [from, to] = [`oci:${at('layout')}:v1`, `docker://${registry.address}/stranger/app:v1`]
  const pushing = skopeo('copy', ...flags, from, to)
  await assert.rejects(pushing, /could not be pushed on to basic.example:1: it responded 401/)
})

describe.each(['basic', 'tokens'])('to an upstream with %s', (prefix) => {
  const here = (name: string): string => `${registry.address}/${prefix}/${name}`
  /** As the upstream itself has it. */
  const there = (name: string): string => `${upstreams.get(prefix)?.address}/${name}`
  const digestOf = async (name: string): Promise<string> =>
    (await client('crane', 'digest', '--insecure', name)).trim()

  test('skopeo pushes an index', async () => {
    const flags = ['--all', '--preserve-digests', '--dest-tls-verify=false']
    const [from, to] = [`oci:${at('layout')}:v1`, `docker://${here('team/app:v1')}`]
    await skopeo('copy', ...flags, from, to)
    assert.equal(await digestOf(there('team/app:v1')), await digestOf(here('team/app:v1')))
    await isWhole(there('team/app:v1'))
  })

  test('crane pushes to another repository, with a mount', async () => {
    const copy = ['copy', '--insecure', '--platform', 'linux/arm64']
    await client('crane', ...copy, here('team/app:v1'), here('team/mounted:v1'))
    await isWhole(there('team/mounted:v1'))
    assert.equal(await digestOf(there('team/mounted:v1')), images.arm64?.manifest)
    await client('crane', 'tag', '--insecure', here('team/mounted:v1'), 'v2')
    assert.match(await client('crane', 'ls', '--insecure', there('team/mounted')), /^v1\nv2$/m)
  })

  test('docker pushes', async () => {
    const insecure = ['--insecure-registry', registry.address]
    const daemon = await startDockerd(
      directory.path,
      `dockerd-${prefix}`,
      'vfs',
      undefined,
      insecure,
    )
    closes.push(daemon.stop)
    await daemon.docker('pull', here('team/mounted:v1'))
    await daemon.docker('tag', here('team/mounted:v1'), here('team/docker:v1'))
    await daemon.docker('push', here('team/docker:v1'))
    await isWhole(there('team/docker:v1'))
  })

  test('oras attaches: there it is a referrer, by the API or the fallback tag', async () => {
    writeFileSync(at('note.txt'), 'a note')
    const type = ['--artifact-type', 'application/example', '--plain-http']
    await client('oras', 'attach', ...type, here('team/mounted:v1'), 'note.txt:text/plain')
    for (const name of [there('team/mounted:v1'), here('team/mounted:v1')]) {
      const found = await client('oras', 'discover', '--plain-http', '--format', 'json', name)
      assert.match(found, /application\/example/)
    }
  })

  test('a push to an upstream that is gone is refused', async () => {
    const upstream = upstreams.get(prefix)
    assert.ok(upstream)
    await upstream.close()
    const flags = ['--all', '--preserve-digests', '--dest-tls-verify=false']
    const [from, to] = [`oci:${at('layout')}:v1`, `docker://${here('team/app:v2')}`]
    const pushing = skopeo('copy', ...flags, from, to)
    await assert.rejects(pushing, /503 Service Unavailable/)
    const list = await client('crane', 'ls', '--insecure', here('team/app'))
    expect(list.trim()).toBe('v1')
  })

  test('when the upstream is gone, all is pulled', async () => {
    for (const name of ['app', 'mounted', 'docker']) await isWhole(here(`team/${name}:v1`))
  })
})
