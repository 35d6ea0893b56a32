/**
 * The Node server where it differs from other hosts: TLS, connections that are cut, kept, raw.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { type RunningServer, startServer } from '../../functions/node/server.ts'
import { blob } from '../support/hosts/content.ts'
import { checkError, exchange } from '../support/hosts/exchange.ts'
import type { Host } from '../support/hosts/host.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { start } from '../support/hosts/uploads.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'

const MIB = 1024 * 1024
const run = promisify(execFile)
const silent = ['--listen=127.0.0.1:0', '--log-level=silent']

describe('connections', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let server: RunningServer
  let host: Pick<Host, 'send'>
  const agent = createAgent()
  beforeAll(async () => {
    directory = await temporaryDirectory()
    server = await startServer(readSettings([...silent, `--store=file:${directory.path}`], {}), {})
    host = { send: (sent) => sendOver(agent, server.url, sent) }
  })
  afterAll(async () => {
    agent.destroy()
    await server.stop()
    await directory.remove()
  })

  /** Writes bytes as they are; the answer, or what there is of it. */
  const raw = async (bytes: string): Promise<string> => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.end(bytes)
    return text(socket)
  }

  /** Sends the beginning of a request, and ends the connection. */
  const cut = async (head: string, part: Buffer): Promise<void> => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(head)
    socket.write(part)
    await sleep(50)
    socket.destroy()
    await once(socket, 'close')
  }

  const CUTS = [
    ['PATCH', 'Content-Length', 1000],
    ['PATCH', 'chunks', 1000],
    ['PATCH', 'Content-Length', 17 * MIB],
    ['PUT', 'Content-Length', 1000],
    ['PUT', 'chunks', 1000],
    ['PUT', 'Content-Length', 17 * MIB],
    ['PUT', 'chunks', 17 * MIB],
  ] as const
  for (const [method, framing, size] of CUTS) {
    test(`a ${method} of ${size} bytes with ${framing} that is cut leaves nothing, and can be sent again`, async () => {
      const content = blob(`${method} ${framing}`, size)
      const begun = await exchange(host, start())
      const target = begun.headers.get('Location') ?? ''
      const query = method === 'PUT' ? `&digest=${content.sha256}` : ''
      const part = content.bytes.subarray(0, Math.floor(size * 0.7))
      const framed =
        framing === 'chunks'
          ? `Transfer-Encoding: chunked\r\n\r\n${part.length.toString(16)}\r\n`
          : `Content-Length: ${size}\r\n\r\n`
      await cut(`${method} ${target}${query} HTTP/1.1\r\nHost: x\r\n${framed}`, part)
      await exchange(host, { send: `HEAD /v2/a/b/blobs/${content.sha256}`, status: 404 })
      await exchange(host, { send: `GET ${target}`, status: 204, expect: { Range: '0-0' } })
      await exchange(host, {
        send: `PUT ${target}&digest=${content.sha256}`,
        body: content.bytes,
        status: 201,
      })
      await exchange(host, {
        send: `GET /v2/a/b/blobs/${content.sha256}`,
        status: 200,
        answer: content.bytes,
      })
    })
  }

  test('after a refusal before the end of the body, the connection takes the next request', async () => {
    const bytes = Buffer.alloc(5_000_000, 32)
    const stream = async function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
    }
    const single = createAgent()
    const sent = { method: 'PUT', target: '/v2/a/manifests/x', headers: { 'Content-Type': 'a/b' } }
    const bodies = [
      [bytes.subarray(0, 4 * MIB), 400],
      [bytes.subarray(0, 4 * MIB + 1), 413],
      [stream(), 413],
      [stream(), 413],
    ] as const
    for (const [body, status] of bodies) {
      const refused = await sendOver(single, server.url, { ...sent, body })
      assert.equal(refused.status, status)
      const next = await sendOver(single, server.url, { method: 'GET', target: '/v2/' })
      assert.equal(next.status, 200)
    }
    single.destroy()
  })

  test('a client that goes away during a download does no harm', async () => {
    const content = blob('download', 17 * MIB)
    const send = `POST /v2/a/b/blobs/uploads/?digest=${content.sha256}`
    await exchange(host, { send, body: content.bytes, status: 201 })
    const target = `/v2/a/b/blobs/${content.sha256}`
    for (let n = 0; n < 5; n += 1)
      await cut(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`, Buffer.alloc(0))
    await exchange(host, { send: `GET ${target}`, status: 200, answer: content.bytes })
  })

  const RAW: readonly (readonly [what: string, bytes: string, status: RegExp])[] = [
    [
      'a path with ..',
      'GET /v2/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n',
      /^HTTP\/1\.1 40[04]/,
    ],
    [
      'a path with .., encoded',
      'GET /v2/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n',
      /^HTTP\/1\.1 40[04]/,
    ],
    ['no Host', 'GET /v2/ HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/],
    ['a Host that is none', 'GET /v2/ HTTP/1.1\r\nHost: a b/c\r\n\r\n', /^HTTP\/1\.1 400/],
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400/],
    [
      'an absolute target',
      'GET http://x/v2/ HTTP/1.1\r\nHost: x\r\n\r\n',
      /^HTTP\/1\.1 (?:200|400)/,
    ],
    ['HTTP/1.0', 'GET /v2/ HTTP/1.0\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 200/],
    [
      'a header of 20 KB',
      `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431/,
    ],
    [
      'two lengths',
      'PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 400/,
    ],
  ]
  for (const [what, bytes, status] of RAW) {
    test(`${what} gets a response, and the server continues`, async () => {
      assert.match(await raw(bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')), status)
      await exchange(host, { send: 'GET /v2/', status: 200 })
    })
  }

  test('an OPTIONS is refused in the form of all errors', async () => {
    const answer = await host.send({ method: 'OPTIONS', target: '/v2/' })
    assert.equal(answer.status, 405)
    checkError(answer, 'UNSUPPORTED')
  })
})

test('TLS, with a certificate of its own', async () => {
  const directory = await temporaryDirectory()
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory.path, name)) as [
    string,
    string,
  ]
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
  ])
  const args = [...silent, `--tls-cert=${cert}`, `--tls-key=${key}`]
  const store = `--store=file:${join(directory.path, 'data')}`
  const server = await startServer(readSettings([...args, store], {}), {})
  try {
    assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    const sent = request(`${server.url}/v2/`, { ca: await readFile(cert), agent: false })
    sent.end()
    const [answer] = await once(sent, 'response')
    assert.equal(answer.statusCode, 200)
    assert.equal(await text(answer), '{}')
    for (const init of [{}, { method: 'PUT', body: Buffer.alloc(MIB) }]) {
      const plain = await fetch(`${server.url.replace('https', 'http')}/v2/`, init)
      assert.equal(plain.status, 400)
      assert.equal(plain.headers.get('Connection'), 'close')
      assert.match(await plain.text(), /^This port speaks HTTPS, .* use https:\/\/\.\n$/)
    }
    // What is neither has its connection closed, and the next client its response.
    const stranger = connect(Number(new URL(server.url).port), '127.0.0.1')
    stranger.end('hello\r\n\r\n')
    await text(stranger).catch(() => '')
    const again = request(`${server.url}/v2/`, { ca: await readFile(cert), agent: false })
    again.end()
    assert.equal((await once(again, 'response'))[0].statusCode, 200)
  } finally {
    await server.stop()
    await directory.remove()
  }
})
