/**
 * Layers of 9 and 50 MB to the registry as on AWS, with another host for uploads: clients that follow a
 * Location there push them, those that do not are told where to.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UPLOAD_CLIENTS } from '../../functions/api/upload-clients.ts'
import { blob } from '../support/hosts/content.ts'
import { projectRoot, run, scratch } from '../support/live/process.ts'
import { openBuildKit } from './support/buildkit.ts'
import type { Client, OpenClient } from './support/client.ts'
import { clients } from './support/clients.ts'
import { type ImageName, readLayout, sourceImage } from './support/image.ts'
import { openPodman } from './support/library-clients.ts'
import { startWithUploadHost, type UploadHost, type WithUploadHost } from './support/upload-host.ts'

/** How a client sends a layer, and what credentials it sends along to another host. */
interface Follows {
  readonly host: UploadHost
  readonly open: OpenClient | undefined
  readonly method: 'PATCH' | 'PUT'
  readonly length: boolean
  readonly authorization: 'Bearer' | undefined
}

const FOLLOW: Readonly<Record<string, Follows>> = {
  'docker 20.10': {
    host: 'Web Function',
    open: clients.docker,
    method: 'PATCH',
    length: false,
    authorization: undefined,
  },
  'docker 29': {
    host: 'Web Function',
    open: clients.docker29,
    method: 'PUT',
    length: true,
    authorization: undefined,
  },
  'BuildKit 0.33': {
    host: 'Web Function',
    open: openBuildKit,
    method: 'PUT',
    length: true,
    authorization: undefined,
  },
  'ctr 1.6': {
    host: 'Node server',
    open: clients.ctr,
    method: 'PUT',
    length: true,
    authorization: undefined,
  },
  'podman 4.3': {
    host: 'Web Function',
    open: clients.podman,
    method: 'PATCH',
    length: false,
    authorization: 'Bearer',
  },
  'buildah 1.28': {
    host: 'Node server',
    open: openPodman('buildah'),
    method: 'PATCH',
    length: false,
    authorization: 'Bearer',
  },
  'skopeo 1.9': {
    host: 'Web Function',
    open: clients.skopeo,
    method: 'PATCH',
    length: true,
    authorization: 'Bearer',
  },
  'crane 0.22': {
    host: 'Web Function',
    open: clients.crane,
    method: 'PATCH',
    length: true,
    authorization: undefined,
  },
  'regctl 0.11': {
    host: 'Node server',
    open: clients.regctl,
    method: 'PUT',
    length: true,
    authorization: undefined,
  },
}

/** Each has an account of its own: podman's library would mount what another client has pushed. */
const ownName = (client: string): string => client.toLowerCase().replace(' ', '-')

const UPLOAD = /\/blobs\/uploads\//
const MB = 1_000_000

test('the table of clients says what is tested here', () => {
  const tested = (habit: string) =>
    UPLOAD_CLIENTS.filter((row) => row.habit === habit).flatMap((row) => row.tested ?? [])
  expect(tested('follows').sort()).toEqual(
    [...Object.keys(FOLLOW), 'helm 4.1', 'this version'].sort(),
  )
  expect(tested('stays')).toEqual(['oras 1.3.6'])
})

/** A registry with this host for uploads, for the suite that calls it. */
const scene = (kind: UploadHost) => {
  const files = scratch('up')
  let host: WithUploadHost
  beforeAll(async () => {
    host = await startWithUploadHost(kind, [...Object.keys(FOLLOW).map(ownName), 'other'])
  }, 900_000)
  afterAll(async () => {
    await host?.close()
    files.remove()
  })
  const using = async (
    open: OpenClient | undefined,
    size: ImageName,
    body: (client: Client) => Promise<void>,
    address = host.gateway.address,
  ): Promise<void> => {
    const directory = mkdtempSync(join(files.path, 'c'))
    const client = await open!({ address, directory, image: await sourceImage(size) })
    try {
      await body(client)
    } finally {
      await client.close?.()
    }
  }
  return {
    host: () => host,
    directory: (name: string) => mkdtempSync(join(files.path, name)),
    using,
  }
}

/** Declares the tests of the clients that follow, for those that meet this host. */
const followTests = (kind: UploadHost, { host: at, using }: ReturnType<typeof scene>): void => {
  const met = Object.entries(FOLLOW).filter(([, { host }]) => host === kind)
  for (const [name, { open, method, length, authorization }] of met) {
    test(`${name} pushes 9 and 50 MB, and pulls them`, () =>
      using(open, 'heavy', async (client) => {
        const host = at()
        const account = host.as(ownName(name))
        const session = client.as(account)
        await session.logIn?.()
        const before = [host.gateway.passed.length, host.uploads.exchanges.length] as const
        const target = `${host.gateway.address}/${account.name}/app:v1`
        const pushed = await session.push(target)
        const passed = host.gateway.passed.slice(before[0])
        const sent = host.uploads.exchanges.slice(before[1])

        expect(passed.filter(({ status }) => status === 413)).toEqual([])
        expect(passed.filter((each) => UPLOAD.test(each.target) && each.method !== 'POST')).toEqual(
          [],
        )
        const layers = sent.filter(({ requestBytes }) => requestBytes > 8 * MB)
        expect(layers.map((each) => each.method)).toEqual([method, method])
        expect(layers.map(({ declared }) => declared !== undefined)).toEqual([length, length])
        expect(Math.max(...layers.map(({ requestBytes }) => requestBytes))).toBeGreaterThan(50 * MB)
        // The state alone let every one of them go on.
        expect(sent.filter(({ url, status }) => !UPLOAD.test(url) || status >= 300)).toEqual([])
        expect([...new Set(sent.map((each) => each.authorization))]).toEqual([authorization])

        expect(await session.pull(target)).toBe(pushed)
      }))
  }
}

describe('uploads to a Web Function', () => {
  const own = scene('Web Function')
  const { host: at, directory } = own
  followTests('Web Function', own)

  test('slipway push asks the other host, and sends layers past both', async () => {
    const host = at()
    const home = directory('s')
    const { name, password } = host.as('other')
    const { address } = host.gateway
    const env = { HOME: home, XDG_CACHE_HOME: home, DOCKER_CONFIG: home }
    await run('crane', ['auth', 'login', '-u', name, '-p', password, address], { env })
    const image = await sourceImage('heavy')
    const target = `${address}/other/pushed:v1`
    const before = [host.gateway.passed.length, host.uploads.exchanges.length] as const
    const cli = ['functions/handlers/cli.ts', 'push', '--json', image.layout, target]
    const said = await run(process.execPath, cli, { env, cwd: projectRoot })
    const passed = host.gateway.passed.slice(before[0])
    expect(passed.filter(({ status }) => status === 413)).toEqual([])
    const sent = host.uploads.exchanges.slice(before[1])
    expect(sent.filter(({ url, status }) => !UPLOAD.test(url) || status >= 300)).toEqual([])
    expect([...new Set(sent.map(({ authorization }) => authorization))]).toEqual([undefined])
    // The layers themselves are on neither host.
    const ways = said.split('\n').flatMap((line) => (line ? (JSON.parse(line).way ?? []) : []))
    expect(ways.sort()).toEqual(['parts', 'parts', 'whole'])
    expect(Math.max(...sent.map(({ requestBytes }) => requestBytes))).toBeLessThan(MB)
    const pulled = join(home, 'pulled')
    await run('crane', ['pull', '--format=oci', target, pulled], { env })
    expect(readLayout(pulled).manifest).toBe(image.manifest)
  })

  // `.ci/long layer`: it takes minutes.
  if (process.env.SLIPWAY_LAYER === '1GB') {
    test('crane pushes 1 GB', { timeout: 900_000 }, async () => {
      const home = directory('l')
      const crane = (...args: string[]) =>
        run('crane', args, { env: { DOCKER_CONFIG: home }, timeout: 900_000 })
      const random =
        'head -c 1000000000 /dev/urandom > layer && tar --create --file layer.tar layer'
      await run('bash', ['-c', random], { cwd: home })
      const host = at()
      const { name, password } = host.as('other')
      const { address } = host.gateway
      const target = `${address}/other/large:v1`
      await crane('auth', 'login', '-u', name, '-p', password, address)
      const seen = host.uploads.exchanges.length
      const pushed = await crane('append', '--new_layer', join(home, 'layer.tar'), '-t', target)
      const [layer] = host.uploads.exchanges
        .slice(seen)
        .filter(({ requestBytes }) => requestBytes > 1000 * MB)
      expect([layer?.method, layer?.status]).toEqual(['PATCH', 202])
      await crane('validate', '--remote', target)
      expect(pushed.trim()).toMatch(new RegExp(`^${address}/other/large@sha256:`))
    })
  }
})

describe('uploads to a Node server', () => {
  const own = scene('Node server')
  const { host: at, directory, using } = own
  followTests('Node server', own)

  test('oras 1.3.6 stays: small layers work, of larger ones it is told where they go', async () => {
    const host = at()
    const { address } = host.gateway
    const seen = host.uploads.exchanges.length
    await using(clients.oras, 'small', async (client) => {
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const pushed = await session.push(`${address}/other/oras:v1`)
      expect(await session.pull(`${address}/other/oras:v1`)).toBe(pushed)
    })
    await using(clients.oras, 'heavy', async (client) => {
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const said = await session.push(`${address}/other/oras:v2`).catch(String)
      expect(said).toMatch(/413/)
      expect(said).toContain(`push to ${host.pushHost}/NAME, which takes layers of any size`)
    })
    expect(host.uploads.exchanges.slice(seen)).toEqual([])
    const push = async (client: Client) => {
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const pushed = await session.push(`${host.pushHost}/other/oras:v2`)
      expect(await session.pull(`${host.pushHost}/other/oras:v2`)).toBe(pushed)
    }
    await using(clients.oras, 'heavy', push, host.pushHost)
  })

  test('helm 4.1 pushes a chart of 9 MB, and pulls it', async () => {
    const host = at()
    const { address, passed } = host.gateway
    const home = directory('helm')
    const env = { HOME: home, HELM_REGISTRY_CONFIG: join(home, 'registry.json') }
    const helm = (...args: string[]) => run('helm', args, { env, cwd: home })
    const { name, password } = host.as('other')
    await helm('registry', 'login', address, '-u', name, '-p', password, '--plain-http')
    mkdirSync(join(home, 'large'))
    writeFileSync(join(home, 'large/Chart.yaml'), 'apiVersion: v2\nname: large\nversion: 1.0.0\n')
    for (const part of ['one', 'two', 'three']) {
      writeFileSync(join(home, 'large', part), blob(part, 3 * MB).bytes)
    }
    await helm('package', 'large')
    const [seen, before] = [host.uploads.exchanges.length, passed.length]
    await helm('push', 'large-1.0.0.tgz', `oci://${address}/other`, '--plain-http')
    const sent = host.uploads.exchanges.slice(seen)
    expect(sent.map(({ method, status }) => `${method} ${status}`)).toEqual(
      Array.from({ length: sent.length }, () => 'PUT 201'),
    )
    expect(Math.max(...sent.map(({ requestBytes }) => requestBytes))).toBeGreaterThan(9 * MB)
    // It sends its token along, which nobody looks at there.
    expect([...new Set(sent.map(({ authorization }) => authorization))]).toEqual(['Bearer'])
    expect(passed.slice(before).filter(({ status }) => status >= 500 || status === 413)).toEqual([])
    mkdirSync(join(home, 'pulled'))
    const source = `oci://${address}/other/large`
    await helm('pull', source, '--version', '1.0.0', '--plain-http', '-d', 'pulled')
    const [was, is] = ['large-1.0.0.tgz', 'pulled/large-1.0.0.tgz'].map((file) =>
      readFileSync(join(home, file)),
    )
    expect(is?.equals(was as Buffer)).toBe(true)
  })

  test('a client that resolves no relative Location works, where the public URL is set', async () => {
    const host = at()
    const { bytes, sha256 } = blob('no relative Location', 1 * MB)
    const headers = {
      'User-Agent': 'docker-registry-client-async',
      Authorization: `Basic ${btoa(`${host.as('other').name}:${host.as('other').password}`)}`,
    }
    // `fetch` knows no base, as that client's library: a relative URL is an error.
    const ask = async (method: string, url: string, body?: Buffer) => {
      const response = await fetch(url, { method, headers, ...(body ? { body } : {}) })
      await response.arrayBuffer()
      return { status: response.status, location: response.headers.get('Location') ?? '' }
    }
    const begun = await ask('POST', `${host.gateway.url}/v2/other/a/blobs/uploads/`)
    const sent = await ask('PATCH', begun.location, bytes as Buffer)
    const made = await ask('PUT', `${sent.location}&digest=${sha256}`)
    expect([begun, sent, made].map(({ status }) => status)).toEqual([202, 202, 201])
    expect(new URL(sent.location).origin).toBe(host.gateway.url)
  })
})
