/**
 * The first API: the client of Docker 1.13.1 beside docker-registry 0.9.1, and what clients and servers of today make of what
 * it has pushed.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sourceImage } from '../e2e/support/image.ts'
import { startDockerRegistry } from '../support/live/docker-registry.ts'
import {
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
  toolCache,
} from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'

const directory = scratch('first-api')
const at = (name: string): string => {
  const path = join(directory.path, name)
  mkdirSync(path, { recursive: true })
  return path
}

let ours: LiveRegistry
let guarded: LiveRegistry
/** docker-registry 0.9.1. */
let theirs: LiveRegistry
/** distribution 2.8, on the store of ours. */
let beside: LiveRegistry

beforeAll(async () => {
  const store = { directory: at('ours') }
  const own = { directory: at('guarded') }
  await slipway('user', own, ['add', 'alice', '--password-stdin'], { input: 'a password\n' })
  await slipway('user', own, ['add', 'bob', '--password-stdin'], { input: 'another one\n' })
  const policy = {
    version: 1,
    rules: [{ who: ['user:alice'], repositories: ['team/**'], actions: ['*'] }],
  }
  await slipway('policy', own, ['set', '-'], { input: JSON.stringify(policy) })
  ours = await startRegistry('slipway', store, { flags: ['--auth', 'off', '--v1', 'on'] })
  guarded = await startRegistry('slipway', own, { flags: ['--auth', 'basic', '--v1', 'on'] })
  beside = await startRegistry('distribution', store)
  theirs = await startDockerRegistry({ path: at('theirs') })
})

afterAll(async () => {
  for (const each of [ours, guarded, beside, theirs]) await each?.close()
  directory.remove()
})

const client = (registry: LiveRegistry, name: string, mode: 'push' | 'pull', ...who: string[]) =>
  run('docker1-v1', [registry.address, name, mode, ...who])

/** JSON in one spelling, and lists of images in one order: Python has its own. */
const canonical = (text: string): string => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  if (Array.isArray(value) && value.every((each) => typeof each === 'object')) {
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
    return JSON.stringify(value.toSorted(byId))
  }
  // Slipway says more of what is found.
  if (typeof value === 'object' && value !== null && 'num_results' in value) {
    return JSON.stringify({ num_results: value.num_results })
  }
  return JSON.stringify(value)
}

/** What passed, without what differs from one registry to another, and from one time to the next. */
const transcript = (printed: string, { address }: LiveRegistry): readonly string[] =>
  printed
    .replaceAll(address, 'HOST')
    .replaceAll(/signature=[^,\]]+/g, 'signature=S')
    .split('\n')
    .map((line) => {
      const [, start = line, body] = /^(< .*? \| )(.*)$/.exec(line) ?? []
      return body === undefined ? start : start + canonical(body)
    })
    // In whichever order.
    .filter((line) => !line.startsWith('# found '))
    .concat(printed.match(/^# found .*$/gm)?.sort() ?? [])

describe.each([['team/img'], ['img']])('docker 1.13.1, %s', (name) => {
  test.each([
    ['pushes', 'push'],
    ['pushes again', 'push'],
    ['pulls', 'pull'],
  ] as const)('%s as with docker-registry 0.9.1', async (_, mode) => {
    const [own, expected] = await Promise.all(
      [ours, theirs].map(async (each) => transcript(await client(each, name, mode), each)),
    )
    expect(own).toEqual(expected)
    expect(own?.filter((line) => line.startsWith('> ')).length).toBeGreaterThan(6)
  })
})

test('docker 1.13.1 pushes with a password, and only where the policy lets it', async () => {
  const alice = ['alice', 'a password']
  expect(await client(guarded, 'team/img', 'push', ...alice)).toContain('# found team/img')
  await expect(client(guarded, 'other/img', 'push', ...alice)).rejects.toThrow(/< 403/)
  await expect(client(guarded, 'team/img', 'pull', 'bob', 'another one')).rejects.toThrow(/< 403/)
  await expect(client(guarded, 'team/img', 'pull')).rejects.toThrow(/< 401/)
})

describe('what docker 1.13.1 has pushed', () => {
  const CONTENT = 'content of filelatest\n'

  test('is valid for crane, with distribution 2.8 on the same store, too', async () => {
    const digests = await Promise.all(
      [ours, beside].map(async ({ address }) => {
        const image = `${address}/team/img:latest`
        await run('crane', ['validate', '--insecure', '--remote', image])
        return run('crane', ['digest', '--insecure', image])
      }),
    )
    expect(digests[0]).toBe(digests[1])
  })

  test('is pulled by skopeo and podman', async () => {
    const image = `${ours.address}/team/img:latest`
    await run('skopeo', [
      ...['--insecure-policy', 'copy', '--src-tls-verify=false'],
      ...[`docker://${image}`, `oci:${at('layout')}:latest`],
    ])
    const storage = ['--root', at('root'), '--runroot', at('run'), '--storage-driver', 'vfs']
    const podman = (...args: string[]) => run('podman', [...storage, ...args])
    await podman('pull', '--tls-verify=false', '--quiet', image)
    const [inspected] = JSON.parse(await podman('image', 'inspect', image))
    expect(inspected.Config.Env).toEqual(['PATH=/bin'])
    expect(inspected.RootFS.Layers).toHaveLength(2)
    const exported = await run('crane', ['export', '--insecure', image, '-'])
    expect(exported).toContain(CONTENT)
  })
})

test('docker 1.13.1 pulls what skopeo has pushed', async () => {
  const { layout } = await sourceImage('small')
  const image = `${ours.address}/team/new:latest`
  await run('skopeo', [
    ...['--insecure-policy', 'copy', '--dest-tls-verify=false', '--format', 'v2s2'],
    ...[`oci:${layout}:v1`, `docker://${image}`],
  ])
  const { layers } = JSON.parse(await run('crane', ['manifest', '--insecure', image]))
  const printed = await client(ours, 'team/new', 'pull')
  for (const { digest } of layers) expect(printed).toContain(digest)
})

test('the same push makes the same image, by whomever', async () => {
  await client(ours, 'other/img', 'push')
  const manifest = (name: string) =>
    run('crane', ['manifest', '--insecure', `${ours.address}/${name}:latest`])
  const one = await manifest('other/img')
  expect(one).toBe(await manifest('team/img'))
})

/** Searches, lists tags, and deletes a tag and then the repository. */
const LIBRARY = `
import sys
from docker_registry_client._BaseClient import BaseClient
client = BaseClient("http://" + sys.argv[1], api_version=1)
print(client.search("img")["num_results"] > 0, client.get_repository_tags("other", "img"))
client.delete_repository_tag("other", "img", "latest")
print(client.get_repository_tags("other", "img"))
client.delete_repository("other", "img")
`

test('docker-registry-client of PyPI', async () => {
  await client(ours, 'other/img', 'push')
  const python = join(toolCache, 'python-clients/bin/python')
  const printed = await run(python, ['-c', LIBRARY, ours.address])
  expect(printed).toMatch(/^True \{'latest': '[0-9a-f]{64}'\}\n\{\}\n$/)
  await expect(client(ours, 'other/img', 'pull')).rejects.toThrow(/there is no latest/)
})

test('an old server and this one behind the proxy of docs/v1.md', async () => {
  const page = readFileSync(join(projectRoot, 'docs/v1.md'), 'utf8')
  const address = `127.0.0.1:${await freePort()}`
  const server = /^```nginx\n(.*?)^```/ms
    .exec(page)?.[1]
    ?.replace('listen 443 ssl', `listen ${address}`)
    .replace(/^ *ssl_.*$/gm, '')
    .replace('127.0.0.1:5001', theirs.address)
    .replace('127.0.0.1:5000', ours.address)
  const path = at('nginx')
  const config = join(path, 'nginx.conf')
  const around = `pid ${path}/pid; error_log stderr; events {}`
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((each) => `${each}_temp_path ${path}/${each};`)
    .join(' ')
  writeFileSync(config, `${around}\nhttp { access_log off; ${paths}\n${server}}\n`)
  const proxy = await startDaemon({
    name: 'nginx',
    command: '/usr/sbin/nginx',
    args: ['-c', config, '-p', path, '-g', 'daemon off;'],
    ready: () => responds(`http://${address}/v2/`),
  })
  try {
    // The old client reaches the old server alone, and the new one this one.
    const printed = await client({ ...theirs, address }, 'dual/old', 'push')
    expect(printed).toContain(`[X-Docker-Endpoints: ${address}]`)
    expect(await client(theirs, 'dual/old', 'pull')).toContain('# found dual/old')
    const { layout } = await sourceImage('small')
    await run('skopeo', [
      ...['--insecure-policy', 'copy', '--dest-tls-verify=false'],
      ...[`oci:${layout}:v1`, `docker://${address}/dual/new:latest`],
    ])
    await run('crane', ['validate', '--insecure', '--remote', `${ours.address}/dual/new:latest`])
    await expect(client(ours, 'dual/old', 'pull')).rejects.toThrow(/< 404/)
  } finally {
    await proxy.stop()
  }
})
