/**
 * Layers of 4, 9 and 50 MB to the registry as on AWS, with another host for uploads, by clients that follow a
 * Location there.
 *
 * @module
 */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UPLOAD_CLIENTS } from '../../functions/api/upload-clients.ts'
import { projectRoot, run } from '../support/live/process.ts'
import { openBuildKit } from './support/buildkit.ts'
import { clients } from './support/clients.ts'
import { readLayout, sourceImage } from './support/image.ts'
import { openPodman } from './support/library-clients.ts'
import { OTHER_CLIENTS } from './support/other-clients.ts'
import { type Follows, followTests, MB, UPLOAD, uploadScene } from './support/upload-scene.ts'

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

test('the table of clients says what is tested here', () => {
  const tested = (habit: string) =>
    UPLOAD_CLIENTS.filter((row) => row.habit === habit).flatMap((row) => row.tested ?? [])
  const here = [...Object.keys(FOLLOW), ...Object.keys(OTHER_CLIENTS)]
  expect(tested('follows').sort()).toEqual([...here, 'helm 4.1', 'this version'].sort())
  expect(tested('stays')).toEqual(['oras 1.3.6', 'helm 4.2'])
})

describe('uploads to a Web Function', () => {
  const own = uploadScene('Web Function', Object.keys(FOLLOW))
  const { host: at, directory, using } = own
  followTests('Web Function', own, FOLLOW)

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
    expect(ways.sort()).toEqual(['parts', 'parts', 'parts', 'whole'])
    expect(Math.max(...sent.map(({ requestBytes }) => requestBytes))).toBeLessThan(MB)
    const pulled = join(home, 'pulled')
    await run('crane', ['pull', '--format=oci', target, pulled], { env })
    expect(readLayout(pulled).manifest).toBe(image.manifest)
  })

  test('skopeo pushes a hundred layers, and pulls them', () =>
    using(clients.skopeo, 'layers', async (client) => {
      const host = at()
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const seen = host.uploads.exchanges.length
      const target = `${host.gateway.address}/other/layers:v1`
      const pushed = await session.push(target)
      const sent = host.uploads.exchanges.slice(seen)
      expect(sent.filter(({ status }) => status >= 300)).toEqual([])
      // The config, too.
      expect(sent.filter(({ method }) => method === 'PATCH').length).toBe(101)
      expect(await session.pull(target)).toBe(pushed)
    }))

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
  followTests('Node server', uploadScene('Node server', Object.keys(FOLLOW)), FOLLOW)
})
