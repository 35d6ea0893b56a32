/**
 * Bodies sent as Node's streams: what happens to the connection and to the stream.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestContext, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { sendStream } from '../../functions/node/send-stream.ts'
import { startServer } from '../../functions/node/server.ts'
import { blob } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'

const CHUNK = 256 * 1024
const COUNT = 64
const SIZE = CHUNK * COUNT
const chunk = (n: number): Buffer => Buffer.alloc(CHUNK, n)

/** A body of `count` chunks that then goes on as `then` says; `pulled` are those it was asked for. */
const bodyOf = (count: number, then: (body: Readable) => void) => {
  const seen = { pulled: 0 }
  const body = new Readable({
    highWaterMark: CHUNK,
    read() {
      if (seen.pulled === count) then(this)
      else this.push(chunk(seen.pulled++))
    },
  })
  return { body, seen }
}

const ends = (body: Readable): void => void body.push(null)
const breaks = (body: Readable): void => void body.destroy(new Error('S3 went away'))
const stalls = (): void => {}

/** A server that responds with a body, and a client with one connection. */
const serve = async (
  t: TestContext,
  body: () => Readable,
  wait: (outgoing: ServerResponse) => Promise<unknown> = async () => {},
) => {
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
  const logged: unknown[] = []
  const sent: Promise<Response>[] = []
  const server = createServer({ keepAliveTimeout: 60_000 }, async (_, outgoing) => {
    isAsked()
    await wait(outgoing)
    const headers = { 'Content-Length': String(SIZE), 'X-Of': 'the answer' }
    sent.push(
      sendStream(
        new Response(null, { status: 206, headers }),
        body(),
        outgoing,
        (error) => void logged.push(error),
      ),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.onTestFinished(() => {
    agent.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { logged, sent, asked, request: () => get({ port, host: '127.0.0.1', agent }) }
}

test('a whole body is received, and the connection is used again', async (t) => {
  const { logged, request } = await serve(t, () => bodyOf(COUNT, ends).body)
  const expected = Buffer.concat(Array.from({ length: COUNT }, (_, n) => chunk(n)))
  for (const reused of [false, true, true]) {
    const sent = request()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    assert.deepEqual([answer.statusCode, answer.headers['x-of']], [206, 'the answer'])
    assert.ok((await buffer(answer)).equals(expected))
    assert.equal(sent.reusedSocket, reused)
  }
  assert.deepEqual(logged, [])
})

const BROKEN = [
  ['breaks off', COUNT / 2, breaks],
  ['breaks off at its end', COUNT, breaks],
  ['ends too early', COUNT - 1, ends],
] as const
for (const [what, count, then] of BROKEN) {
  test(`a body that ${what} breaks the connection, and is logged`, async (t) => {
    const { logged, sent, request } = await serve(t, () => bodyOf(count, then).body)
    const [answer] = (await once(request(), 'response')) as [IncomingMessage]
    assert.equal(answer.statusCode, 206)
    await assert.rejects(buffer(answer), { code: 'ECONNRESET' })
    await Promise.all(sent)
    assert.equal(logged.length, 1)
  })
}

test('a body that is too long is cut at the declared length', async (t) => {
  const { logged, sent, request } = await serve(t, () => bodyOf(COUNT + 1, ends).body)
  const [answer] = (await once(request(), 'response')) as [IncomingMessage]
  assert.equal((await buffer(answer)).length, SIZE)
  await Promise.all(sent)
  assert.equal(logged.length, 1)
})

test('a body that breaks off before its first byte gives no response', async (t) => {
  const { logged, request } = await serve(t, () => bodyOf(0, breaks).body)
  await assert.rejects(once(request(), 'response'), { code: 'ECONNRESET' })
  assert.equal(logged.length, 1)
})

const GONE = [
  ['while nothing is to be sent', 1, stalls, true],
  ['while much is', COUNT, ends, true],
  ['before the answer', COUNT, ends, false],
] as const
for (const [when, count, then, responds] of GONE) {
  test(`a client that goes away ${when} ends the body, which is not logged as a failure`, async (t) => {
    const { body } = bodyOf(count, then)
    const untilGone = (outgoing: ServerResponse) => once(outgoing, 'close')
    const served = await serve(t, () => body, responds ? undefined : untilGone)
    const { logged, sent } = served
    // Without a listener the client would read everything.
    const request = served.request().on('error', stalls).on('response', stalls)
    await (responds ? once(request, 'response') : served.asked)
    // By now the bytes are under way, or wait.
    await sleep(50)
    request.destroy()
    if (!body.closed) await new Promise((closed) => body.once('close', closed))
    await Promise.all(sent)
    assert.ok(body.destroyed && !body.readableEnded)
    assert.deepEqual(logged, [])
  })
}

test('a body waits for a slow client', async (t) => {
  const { body, seen } = bodyOf(COUNT * 4, ends)
  const { request } = await serve(t, () => body)
  const [answer] = (await once(request(), 'response')) as [IncomingMessage]
  // Once no more is pulled, what fits in the kernel's buffers is gone; little of the rest may wait.
  for (let before = -1; before !== seen.pulled; await sleep(200)) before = seen.pulled
  assert.ok(seen.pulled < COUNT, `${seen.pulled} chunks`)
  answer.destroy()
})

test('a read of S3 that breaks off breaks the connection; the next one is whole', async (t) => {
  const { server: s3, env } = await startBucket()
  const settings = readSettings(['--listen=127.0.0.1:0', '--redirects=off'], env)
  const server = await startServer(settings, env)
  const agent = createAgent()
  t.onTestFinished(async () => {
    agent.destroy()
    await server.stop()
    await s3.close()
  })
  const { bytes, sha256 } = blob('cut', 2_000_000)
  const upload = { method: 'POST', target: `/v2/a/blobs/uploads/?digest=${sha256}`, body: bytes }
  assert.equal((await sendOver(agent, server.url, upload)).status, 201)
  const pull = { method: 'GET', target: `/v2/a/blobs/${sha256}` }
  s3.faults.next({ operation: 'GetObject', key: /data$/ }, { cutAfter: 700_000 })
  await assert.rejects(sendOver(agent, server.url, pull), { code: 'ECONNRESET' })
  const whole = await sendOver(agent, server.url, pull)
  assert.ok(whole.status === 200 && whole.body.equals(bytes))
})
