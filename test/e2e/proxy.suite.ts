/**
 * `slipway proxy` before Slipway on S3: docker and podman push to loopback, and what they push is sent to the
 * store in parts.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Daemon,
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
} from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { type LiveS3, startLiveS3 } from '../support/live/s3.ts'
import { openBuildKit } from './support/buildkit.ts'
import type { OpenClient } from './support/client.ts'
import { clients } from './support/clients.ts'
import { load, startDockerd } from './support/daemons.ts'
import { identity, readRegistry, type SourceImage, sourceImage } from './support/image.ts'
import { openPodman } from './support/library-clients.ts'

const files = scratch('proxy')
const closers: (() => Promise<void>)[] = [async () => files.remove()]
let s3: LiveS3
let registry: LiveRegistry
let proxy: Daemon
let address: string
let image: SourceImage

const startProxy = async (to: string, env: Record<string, string> = {}) => {
  const port = await freePort()
  const daemon = await startDaemon({
    name: 'slipway-proxy',
    command: process.execPath,
    args: [
      join(projectRoot, 'functions/handlers/cli.ts'),
      ...['proxy', '--to', `http://${to}`, '--listen', `127.0.0.1:${port}`],
    ],
    env: { HOME: files.path, TMPDIR: files.path, ...env },
    ready: () => responds(`http://127.0.0.1:${port}/v2/`),
  })
  closers.push(daemon.stop)
  return { daemon, address: `127.0.0.1:${port}` }
}

beforeAll(async () => {
  image = await sourceImage('heavy')
  s3 = await startLiveS3('versitygw')
  closers.push(s3.close)
  registry = await startRegistry('slipway', s3, { redirects: true })
  closers.push(registry.close)
  const started = await startProxy(registry.address)
  proxy = started.daemon
  address = started.address
}, 900_000)
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

test('docker pushes and pulls', async () => {
  const daemon = await startDockerd(files.path, 'dockerd')
  try {
    const id = await load(daemon.docker, image, `${address}/by/docker:v1`)
    await daemon.docker('push', `${address}/by/docker:v1`)
    const { diffIds } = await readRegistry(registry.address, 'by/docker', 'v1')
    expect(diffIds).toEqual(image.diffIds)
    await daemon.docker('image', 'prune', '--all', '--force')
    await daemon.docker('image', 'rm', '--force', `${address}/by/docker:v1`)
    await daemon.docker('pull', `${address}/by/docker:v1`)
    const pulled = await daemon.docker('image', 'inspect', '--format', '{{.Id}}', id)
    expect(pulled.trim()).toBe(id)
  } finally {
    await daemon.stop()
  }
  expect(proxy.output()).toMatch(/by\/docker sha256:[0-9a-f]+ \d+ parts/)
})

test('skopeo, which podman and buildah are built on, copies byte for byte', async () => {
  const to = `docker://${address}/by/skopeo:v1`
  await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${image.layout}:v1`, to])
  assert.deepEqual(await readRegistry(registry.address, 'by/skopeo', 'v1'), identity(image))
  await run('crane', ['validate', '--remote', `${registry.address}/by/skopeo:v1`])
})

test('crane pushes, copies by a mount and reads through it', async () => {
  await run('crane', ['push', image.layout, `${address}/by/crane:v1`])
  await run('crane', ['copy', `${address}/by/crane:v1`, `${address}/by/crane-copy:v1`])
  expect((await run('crane', ['digest', `${address}/by/crane-copy:v1`])).trim()).toBe(
    image.manifest,
  )
  await run('crane', ['validate', '--remote', `${address}/by/crane:v1`])
  await expect(run('crane', ['digest', `${address}/by/crane:none`])).rejects.toThrow(/404/)
})

const CLIENTS: Readonly<Record<string, OpenClient>> = {
  docker29: clients.docker29!,
  ctr: clients.ctr!,
  oras: clients.oras!,
  regctl: clients.regctl!,
  podman: openPodman('podman'),
  buildah: openPodman('buildah'),
}

test.each(Object.entries(CLIENTS))('%s pushes and pulls', async (name, open) => {
  const directory = join(files.path, name)
  mkdirSync(directory)
  // Some would find in the other registry what the others have pushed, and send nothing.
  const empty = { ...s3, bucket: `${s3.bucket}/${name}` }
  const behind = await startRegistry('slipway', empty, { redirects: true })
  closers.push(behind.close)
  const own = await startProxy(behind.address)
  const client = await open({ address: own.address, directory, image })
  try {
    const session = client.as()
    const id = await session.push(`${own.address}/by/it:v1`)
    const { diffIds } = await readRegistry(behind.address, 'by/it', 'v1')
    expect(diffIds).toEqual(image.diffIds)
    expect(await session.pull(`${own.address}/by/it:v1`)).toBe(id)
  } finally {
    await client.close?.()
  }
  const inParts = own.daemon.output().match(/by\/it sha256:[0-9a-f]+ \d+ parts/g)
  expect(inParts).toHaveLength(image.diffIds.length)
})

test('BuildKit pushes what it builds', async () => {
  const directory = join(files.path, 'bk')
  mkdirSync(directory)
  const client = await openBuildKit({ address, directory, image })
  try {
    const digest = await client.as().push(`${address}/by/buildkit:v1`)
    await run('crane', ['validate', '--remote', `${registry.address}/by/buildkit@${digest}`])
  } finally {
    await client.close?.()
  }
  expect(proxy.output()).toMatch(/by\/buildkit sha256:[0-9a-f]+ \d+ parts/)
})

test('a web page may not push by it', async () => {
  const ask = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const [host, port] = address.split(':')
      const asked = request({ host, port, path: '/v2/', headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      asked.once('error', reject)
      asked.end()
    })
  expect(await ask({})).toBe(200)
  expect(await ask({ origin: 'https://page.example' })).toBe(403)
  expect(await ask({ host: 'rebound.example' })).toBe(403)
})

test('clients without credentials get those that docker has for the registry', async () => {
  const store = { directory: join(files.path, 'accounts') }
  await slipway('user', store, ['add', 'alice', '--password-stdin'], { input: 'right horse' })
  const guarded = await startRegistry('slipway', store, { env: { SLIPWAY_AUTH: 'token' } })
  closers.push(guarded.close)
  const config = join(files.path, 'docker-config')
  mkdirSync(config)
  const auths = { [guarded.address]: { auth: btoa('alice:right horse') } }
  writeFileSync(join(config, 'config.json'), JSON.stringify({ auths }))
  const { address: at } = await startProxy(guarded.address, { DOCKER_CONFIG: config })
  const small = await sourceImage('small')
  await run('crane', ['push', small.layout, `${at}/private/app:v1`])
  expect((await run('crane', ['digest', `${at}/private/app:v1`])).trim()).toBe(small.manifest)
  await expect(run('crane', ['digest', `${guarded.address}/private/app:v1`])).rejects.toThrow(
    /UNAUTHORIZED/,
  )
})
