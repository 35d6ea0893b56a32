/**
 * Pull-through with what goes wrong between real servers: two of Slipway on one bucket, and an upstream,
 * docker-registry, that is slow, is killed half-way, and comes back.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRelay } from '../../bench/throttle.ts'
import { npmStart } from '../support/live/npm-start.ts'
import { type Daemon, freePort, responds, scratch, startDaemon } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { type LiveS3, startLiveS3 } from '../support/live/s3.ts'
import { eventually } from '../support/until.ts'

const directory = scratch('pull-through-faults')
const closes: (() => Promise<void> | void)[] = []

/** Bytes a second of each connection to the upstream. */
const RATE = 10_000_000

const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

let port: number
let upstream: Daemon
let s3: LiveS3
/** On one bucket. */
let servers: readonly LiveRegistry[]
/** Of upstreams that have ended. */
let ended = ''

const startUpstream = async (): Promise<void> => {
  const config = join(directory.path, 'config.json')
  const http = { addr: `127.0.0.1:${port}`, secret: 'of-no-worth' }
  const storage = { filesystem: { rootdirectory: join(directory.path, 'upstream') } }
  writeFileSync(config, JSON.stringify({ version: '0.1', storage, http }))
  upstream = await startDaemon({
    name: 'pull-through-upstream',
    command: 'docker-registry',
    args: ['serve', config],
    stopSignal: 'SIGKILL',
    ready: () => responds(`http://127.0.0.1:${port}/v2/`),
  })
}

const stopUpstream = async (): Promise<void> => {
  await upstream.stop()
  ended += upstream.output()
}

/** Puts a new blob into the upstream. */
const put = async (size: number): Promise<string> => {
  const bytes = randomBytes(size)
  const url = `http://127.0.0.1:${port}/v2/team/app/blobs/uploads/`
  const begun = await fetch(url, { method: 'POST' })
  const at = new URL(begun.headers.get('location') ?? '', url)
  at.searchParams.set('digest', digestOf(bytes))
  expect((await fetch(at, { method: 'PUT', body: bytes })).status).toBe(201)
  return digestOf(bytes)
}

/** Statuses with which the upstream has answered GETs of a blob. */
const asked = (digest: string): readonly string[] =>
  [...`${ended}${upstream.output()}`.matchAll(/"GET \/v2\/team\/app\/blobs\/(\S+) \S+" (\d+)/g)]
    .filter(([, path]) => path === digest)
    .map(([, , status = '']) => status)

const pull = ({ address }: LiveRegistry, digest: string, init: RequestInit = {}) =>
  fetch(`http://${address}/v2/up/team/app/blobs/${digest}`, init)

const pullWhole = async (server: LiveRegistry, digest: string): Promise<void> => {
  const response = await pull(server, digest)
  expect(response.status).toBe(200)
  expect(digestOf(await response.bytes())).toBe(digest)
}

beforeAll(async () => {
  port = await freePort()
  await startUpstream()
  closes.push(() => upstream.stop())
  const relay = await startRelay(port, { rate: RATE, roundTrip: 0 })
  closes.push(relay.close)
  s3 = await startLiveS3('versitygw')
  closes.push(s3.close)
  const entry = { name: 'up', host: 'up.example', prefix: 'up', url: `http://${relay.address}` }
  const document = { version: 1, upstreams: [{ ...entry, private: ['127.0.0.1'] }] }
  writeFileSync(join(directory.path, 'upstreams'), JSON.stringify(document))
  await slipway('upstreams', s3, ['set', join(directory.path, 'upstreams')])
  const flags = ['--auth', 'off']
  servers = await Promise.all([1, 2].map(() => startRegistry('slipway', s3, { flags })))
  for (const { close } of servers) closes.push(close)
})

afterAll(async () => {
  for (const close of closes.reverse()) await close()
  directory.remove()
})

test('a hundred clients of two servers cost the upstream one GET', async () => {
  const digest = await put(5_000_000)
  await Promise.all(
    Array.from({ length: 100 }, (_, client) => pullWhole(servers[client % 2]!, digest)),
  )
  expect(asked(digest)).toEqual(['200'])
})

test('an upstream that is killed half-way, and comes back, is asked for the rest', async () => {
  const digest = await put(30_000_000)
  const response = await pull(servers[0]!, digest)
  const hash = createHash('sha256')
  let got = 0
  for await (const chunk of response.body!) {
    if (got < 10_000_000 && got + chunk.byteLength >= 10_000_000) {
      await stopUpstream()
      await startUpstream()
    }
    got += chunk.byteLength
    hash.update(chunk)
  }
  expect([got, `sha256:${hash.digest('hex')}`]).toEqual([30_000_000, digest])
  expect(asked(digest).at(-1)).toBe('206')
})

test('a client that goes away leaves the blob to the next', async () => {
  const digest = await put(10_000_000)
  const leaving = new AbortController()
  const response = await pull(servers[0]!, digest, { signal: leaving.signal })
  await response.body!.getReader().read()
  leaving.abort()
  await pullWhole(servers[1]!, digest)
  expect(asked(digest)).toEqual(['200'])
})

/** Another server on the bucket, which dies when it is stopped. */
const startVictim = async () => {
  const address = `127.0.0.1:${await freePort()}`
  const { bucket, endpoint, region, accessKeyId, secretAccessKey } = s3
  const daemon = await startDaemon({
    name: 'pull-through-victim',
    command: process.execPath,
    args: [
      ...[...(await npmStart()), '--listen', address, '--auth', 'off', '--store', `s3://${bucket}`],
      ...['--s3-endpoint', endpoint, '--s3-region', region, '--s3-path-style', 'on'],
    ],
    env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    stopSignal: 'SIGKILL',
    ready: () => responds(`http://${address}/v2/`),
  })
  closes.push(daemon.stop)
  return { address, output: daemon.output, close: daemon.stop }
}

test('a server that is killed in a fetch leaves it to the other, and nothing that is wrong', async () => {
  const digest = await put(20_000_000)
  const victim = await startVictim()
  const broken = (await pull(victim, digest)).body!.getReader()
  for (let got = 0; got < 5_000_000; ) got += (await broken.read()).value!.byteLength
  await victim.close()
  await expect(
    (async () => {
      while (!(await broken.read()).done) {}
    })(),
  ).rejects.toThrow()
  await pullWhole(servers[0]!, digest)
  await eventually(() => slipway('check', s3, ['--verify']))
})

test('what was pulled is pulled again when the upstream is gone, from each server', async () => {
  const digest = await put(1_000_000)
  await pullWhole(servers[0]!, digest)
  await stopUpstream()
  // It is stored when its first client has it, or soon after.
  await eventually(() => pullWhole(servers[1]!, digest))
  await pullWhole(servers[0]!, digest)
})
