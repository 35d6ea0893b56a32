/**
 * Requests that stand still, and the end of a server: nobody is waited for without end, and what was
 * accepted stays valid.
 *
 * @module
 */

import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { blob } from '../support/hosts/content.ts'
import { expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { checkNothingReadable } from '../support/rig/invariants.ts'
import { begin, pushAtOnce } from '../support/rig/push.ts'
import { connectTo } from '../support/rig/server.ts'
import { openFiles, STORES } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { served } from './served.ts'

const MIB = 1024 * 1024

/** Every request with a body, which declares more than is sent. */
const REQUESTS: readonly [string, (send: Send, digest: string) => Promise<string>][] = [
  ['PATCH', async (send) => `PATCH ${locationOf(await begin(send, 'a'))} HTTP/1.1\r\n`],
  [
    'PATCH with a range',
    async (send) =>
      `PATCH ${locationOf(await begin(send, 'a'))} HTTP/1.1\r\nContent-Range: 0-${2 * MIB - 1}\r\n`,
  ],
  [
    'PUT',
    async (send, digest) =>
      `PUT ${locationOf(await begin(send, 'a'), `digest=${digest}`)} HTTP/1.1\r\n`,
  ],
  ['POST', async (_, digest) => `POST /v2/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\n`],
  [
    'PUT of a manifest',
    async () => `PUT /v2/a/manifests/x HTTP/1.1\r\nContent-Type: ${OCI_MANIFEST}\r\n`,
  ],
]

for (const [name, open] of STORES) {
  // Each waits for a second.
  describe.concurrent(name, () => {
    for (const [request, head] of REQUESTS) {
      for (const trickles of [false, true]) {
        test(`a ${request} that ${trickles ? 'trickles' : 'stands still'} is given up`, async (t) => {
          const { store, close } = await open()
          const server = await served(store, ['--upload-timeout=1'])
          t.onTestFinished(async () => {
            await server.stop()
            await close()
          })
          const line = await head(server.send, blob('silent', 2 * MIB).sha256)
          const socket = await connectTo(server.url)
          const answer = text(socket).catch(() => '')
          socket.write(`${line}Host: x\r\nContent-Length: ${2 * MIB}\r\n\r\n`)
          socket.write(Buffer.alloc(MIB))
          const trickle = setInterval(() => trickles && socket.write('x'), 50)
          t.onTestFinished(() => clearInterval(trickle))
          await new Promise((closed) => socket.once('close', closed))
          // What comes after the connection was closed may cost the client the response.
          if (!trickles) {
            expect(await answer).toMatch(/^HTTP\/1\.1 408 .*\r\nconnection: close\r\n/is)
            expect(await answer).toContain('the body stood still')
          }
          await until(() => server.lines.some(({ fields }) => fields.status === 408))
          expect(server.lines.filter(({ level }) => level !== 'info')).toEqual([])
          await checkNothingReadable(store)
        })
      }
    }
  })
}

test('a slow body is not given up', async (t) => {
  const { store, close } = await openFiles()
  const server = await served(store, ['--upload-timeout=1'])
  t.onTestFinished(async () => {
    await server.stop()
    await close()
  })
  const { bytes, sha256 } = blob('slow', 100_000)
  /** Pauses of half the time, in all more than it. */
  async function* slowly() {
    for (let at = 0; at < bytes.length; at += 20_000) {
      yield bytes.subarray(at, at + 20_000)
      await new Promise((soon) => setTimeout(soon, 500))
    }
  }
  await expectStatus(201, server.send(`POST /v2/a/blobs/uploads/?digest=${sha256}`, slowly()))
})

for (const [name, open] of STORES) {
  test(`${name}: a stop closes silent requests at its deadline, and their uploads can go on`, async (t) => {
    const { store, close } = await open()
    t.onTestFinished(close)
    const server = await served(store, ['--stop-timeout=1'])
    const content = blob('goes on', 15 * MIB)
    const first = content.bytes.subarray(0, 9 * MIB)
    const rest = content.bytes.subarray(9 * MIB)
    const begun = await begin(server.send, 'a')
    const accepted = await expectStatus(
      202,
      server.send(`PATCH ${locationOf(begun)}`, first, {
        'Content-Range': `0-${first.length - 1}`,
      }),
    )
    const socket = await connectTo(server.url)
    const ended = text(socket).catch(() => '')
    socket.write(`PATCH ${locationOf(accepted)} HTTP/1.1\r\nHost: x\r\n`)
    socket.write(`Content-Length: ${rest.length}\r\n\r\n`)
    socket.write(rest.subarray(0, 5 * MIB))
    const quiet = await connectTo(server.url)
    quiet.write('GET /v2/ HTTP/1.1\r\n')
    await server.stop()
    await ended
    const cut = server.lines.find(
      ({ fields }) => fields.method === 'PATCH' && fields.status === 503,
    )
    expect(cut).toMatchObject({
      level: 'info',
      fields: { reason: 'closed: the server was asked to stop, and waited for 1 s' },
    })
    expect(server.lines.filter(({ level }) => level !== 'info')).toEqual([])

    const next = await served(store)
    t.onTestFinished(next.stop)
    const range = { 'Content-Range': `${first.length}-${content.bytes.length - 1}` }
    const patched = await expectStatus(202, next.send(`PATCH ${locationOf(accepted)}`, rest, range))
    await expectStatus(201, next.send(`PUT ${locationOf(patched, `digest=${content.sha256}`)}`))
    const pulled = await expectStatus(200, next.send(`GET /v2/a/blobs/${content.sha256}`))
    expect(pulled.body.equals(content.bytes)).toBe(true)
  })
}

test('a stop closes connections that are kept after their last response', async () => {
  const { store, close } = await openFiles()
  const server = await served(store, ['--stop-timeout=3600'])
  const content = blob('last', 1000)
  const socket = await connectTo(server.url)
  socket.write(`POST /v2/a/blobs/uploads/?digest=${content.sha256} HTTP/1.1\r\nHost: x\r\n`)
  socket.write('Content-Length: 1000\r\n\r\n')
  socket.write(content.bytes.subarray(0, 500))
  await until(async () => (await server.send('GET /v2/')).status === 200)
  const stopped = server.stop()
  const answer = text(socket)
  socket.write(content.bytes.subarray(500))
  // Neither side has said that it closes the connection: it would be kept for 75 s.
  expect(await answer).toMatch(/^HTTP\/1\.1 201 /)
  await stopped
  await close()
})

test('a download that nobody reads is closed, and its line says why', async (t) => {
  const { store, close } = await openFiles()
  const server = await served(store)
  t.onTestFinished(async () => {
    await server.stop()
    await close()
  })
  const large = blob('unread', 17 * MIB)
  await pushAtOnce(server.send, 'a', large)
  server.server.timeout = 300
  const socket = await connectTo(server.url)
  socket.pause()
  socket.write(`GET /v2/a/blobs/${large.sha256} HTTP/1.1\r\nHost: x\r\n\r\n`)
  const line = await until(() => server.lines.find(({ fields }) => fields.method === 'GET'))
  expect(line).toMatchObject({
    level: 'info',
    fields: { status: 408, reason: 'closed: no byte passed for 300 s' },
  })
  expect(server.lines.filter(({ level }) => level !== 'info')).toEqual([])
  socket.destroy()
})

test('connections are kept for longer than balancers keep theirs, also those that are new', async (t) => {
  const { store, close } = await openFiles()
  const server = await served(store)
  t.onTestFinished(async () => {
    await server.stop()
    await close()
  })
  const { headers } = await server.send('GET /v2/')
  expect(headers.get('Keep-Alive')).toBe('timeout=75')
  expect(server.server.headersTimeout).toBeGreaterThan(75_000)
})
