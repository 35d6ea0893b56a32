/**
 * The bundled function in Lambda's own runtime, behind the emulated gateway: events and results of the
 * largest sizes, time-outs, and processes that die.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { assertConforms } from '../conformance/published.ts'
import { type BehindGateway, startBehindGateway } from '../e2e/support/behind-gateway.ts'
import { clients } from '../e2e/support/clients.ts'
import { sourceImage } from '../e2e/support/image.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import {
  blob,
  CONFIG,
  type Content,
  contentOf,
  imageOf,
  putBlob,
  putManifest,
} from '../support/hosts/content.ts'
import { type Exchange, exchange } from '../support/hosts/exchange.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { scratch } from '../support/live/process.ts'
import { type LambdaRuntime, startRuntime } from './support/runtime.ts'

const HABITS = GATEWAYS['path decoded, length counted, challenge renamed']
/** Seconds that an event may take; the short time is still enough to start on a busy machine. */
const [LONG, SHORT] = [30, 8]

/** Starts the function behind the gateway. @param extra settings that override the others */
const open = async (timeout: number, extra: Readonly<Record<string, string>> = {}) => {
  let runtime: LambdaRuntime | undefined
  const behind = await startBehindGateway(HABITS, async (env) => {
    runtime = await startRuntime({
      env: {
        ...env,
        ...extra,
        AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? '',
        AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? '',
      },
      timeout,
    })
    return runtime.invoke
  })
  assert.ok(runtime)
  return { behind, runtime }
}

/** A client that sends the exchanges of a test. */
const client = ({ gateway }: BehindGateway, agent = createAgent()) => {
  const host = {
    // The Location of an upload is absolute, since the registry has a public URL.
    send: ({ target, ...sent }: Parameters<typeof sendOver>[2]) =>
      sendOver(agent, gateway.url, { ...sent, target: target.replace(gateway.url, '') }),
  }
  const locations = new Map<string, string>()
  return (wanted: Exchange) => exchange(host, wanted, locations)
}

describe('in Lambda’s runtime, with accounts', () => {
  let behind: BehindGateway
  let runtime: LambdaRuntime
  const files = scratch('runtime-clients')
  beforeAll(async () => {
    ;({ behind, runtime } = await open(LONG))
  }, 120_000)
  afterAll(async () => {
    await behind?.close()
    await runtime?.stop()
    files.remove()
  })

  for (const name of ['crane', 'oras', 'skopeo'] as const) {
    test(`${name} logs in, pushes and pulls`, { timeout: 300_000 }, async () => {
      const image = await sourceImage('small')
      const { address } = behind.gateway
      const directory = files.path
      const session = (await clients[name]!({ address, directory, image })).as(behind.alice)
      await session.logIn?.()
      const target = `${address}/team/${name}:v1`
      assert.equal(await session.pull(target).catch(() => ''), '')
      const pushed = await session.push(target)
      assert.equal(await session.pull(target), pushed)
    })
  }

  test('the official suite', () =>
    assertConforms('lambda-runtime', behind.gateway.address, behind.alice))
})

describe('in Lambda’s runtime, open to all', () => {
  let behind: BehindGateway
  let runtime: LambdaRuntime
  let play: ReturnType<typeof client>
  beforeAll(async () => {
    ;({ behind, runtime } = await open(LONG, { SLIPWAY_AUTH: 'off' }))
    play = client(behind)
    await play(putBlob('a', CONFIG))
  }, 120_000)
  afterAll(async () => {
    await behind?.close()
    await runtime?.stop()
  })

  const begin: Exchange = { send: 'POST /v2/a/blobs/uploads/', status: 202 }
  const chunk = (bytes: Buffer, start: number): Exchange => ({
    send: 'PATCH @',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Range': `${start}-${start + bytes.length - 1}`,
    },
    body: bytes,
    status: 202,
  })
  const get = ({ sha256, bytes }: Content): Exchange => ({
    send: `GET /v2/a/blobs/${sha256}`,
    status: 200,
    answer: bytes,
  })

  test('a blob in chunks of 4.4 MB', async () => {
    const content = blob('three chunks', 11_000_000)
    await play(begin)
    for (let start = 0; start < content.bytes.length; start += 4_400_000) {
      await play(chunk(content.bytes.subarray(start, start + 4_400_000), start))
    }
    await play({ send: `PUT @&digest=${content.sha256}`, status: 201 })
    await play(get(content))
  })

  test('the largest manifest, which is a result of 5.6 MB', async () => {
    const pad = (size: number) => imageOf([], { annotations: { pad: 'x'.repeat(size) } })
    const largest = pad(4 * 1024 * 1024 - pad(0).bytes.length)
    assert.equal(largest.bytes.length, 4 * 1024 * 1024)
    await play(putManifest('a', 'largest', largest))
    const target = '/v2/a/manifests/largest'
    await play({ send: `GET ${target}`, status: 200, answer: largest.bytes })
    const length = String(largest.bytes.length)
    await play({ send: `HEAD ${target}`, status: 200, expect: { 'Content-Length': length } })
  })

  test('an event over 6 MB is rejected by the gateway', async () => {
    await play(begin)
    const { pid } = runtime
    const before = pid()
    const refused = { status: 413, json: { message: 'Request Entity Too Large' } }
    await play({ ...chunk(Buffer.alloc(4_800_000), 0), ...refused })
    assert.equal(pid(), before)
    await play(chunk(Buffer.alloc(4_600_000), 0))
  })

  test('the emulator cuts such an event off, and the function is restarted', async () => {
    const before = runtime.pid()
    const body = 'x'.repeat(7_000_000)
    assert.match(await runtime.send(JSON.stringify({ body })), /Runtime\.ExitError/)
    await play(get(CONFIG))
    assert.notEqual(runtime.pid(), before)
  })

  test('an upload continues after the process has died', async () => {
    const content = contentOf(Buffer.alloc(6_000_000, 'ab'))
    await play(begin)
    await play(chunk(content.bytes.subarray(0, 3_000_000), 0))
    const before = runtime.pid()
    process.kill(before, 'SIGKILL')
    const second = chunk(content.bytes.subarray(3_000_000), 3_000_000)
    // The event that reaches the dead process may be lost; a client would send it again.
    const first = await play(second).catch(() => undefined)
    if (first === undefined) await play(second)
    assert.notEqual(runtime.pid(), before)
    await play({ send: `PUT @&digest=${content.sha256}`, status: 201 })
    await play(get(content))
  })
})

test('after a time-out the gateway responds, and the next request gets a new process', {
  timeout: 120_000,
}, async () => {
  // It accepts connections and never responds.
  const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  const { behind, runtime } = await open(SHORT, {
    SLIPWAY_AUTH: 'off',
    SLIPWAY_S3_ENDPOINT: `http://localhost:${port}`,
  })
  const play = client(behind)
  try {
    await play({ send: 'GET /v2/', status: 200 })
    const before = runtime.pid()
    // Where the gateway's own time ends, it is 503.
    const failed = { status: 500, json: { message: 'Internal Server Error' } }
    await play({ send: 'GET /v2/a/manifests/v1', ...failed })
    assert.match(runtime.output(), /Reset initiated: Timeout/)
    await play({ send: 'GET /v2/', status: 200 })
    assert.notEqual(runtime.pid(), before)
  } finally {
    await behind.close()
    await runtime.stop()
    silent.close()
  }
})
