/**
 * The address of a deployed API keeps the limits that AWS has and the emulator behind it has not.
 *
 * @module
 */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAgent, sendOver } from '../../support/hosts/wire.ts'
import { type Front, startFront } from './front.ts'

const MB = 1_000_000

interface Seen extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly size: number
}

describe('the front of a deployed API', () => {
  const agent = createAgent()
  const seen: Seen[] = []
  // An emulator that takes whatever it is sent.
  const emulator = createServer(async (incoming, response) => {
    const { method, url, headers } = incoming
    const { byteLength: size } = await buffer(incoming)
    seen.push({ method, url, headers, size })
    if (url?.endsWith('/slow')) return
    const large = url?.endsWith('/large') ? 5 * MB : 10
    response.writeHead(200, { 'WWW-Authenticate': 'Bearer', 'Content-Length': large })
    response.end(method === 'HEAD' ? '' : Buffer.alloc(large))
  })
  let front: Front
  /** It waits for an answer for a tenth of a second. */
  let impatient: Front
  beforeAll(async () => {
    await new Promise<void>((resolve) => emulator.listen(0, '127.0.0.1', resolve))
    const { port } = emulator.address() as AddressInfo
    const api = `http://127.0.0.1:${port}`
    front = await startFront(api, 60_000)
    impatient = await startFront(api, 100)
    for (const each of [front, impatient]) each.serve({ id: 'abc', responseParameters: {} })
  })
  afterAll(async () => {
    agent.destroy()
    await front.close()
    await impatient.close()
    emulator.closeAllConnections()
    await new Promise((resolve) => emulator.close(resolve))
  })
  beforeEach(() => seen.splice(0))

  const send = (
    method: string,
    target: string,
    body?: Buffer | AsyncIterable<Uint8Array>,
    { address } = front,
  ) =>
    sendOver(agent, `http://${address}`, {
      method,
      target,
      body,
      headers: { 'Content-Type': 'application/octet-stream' },
    })
  async function* chunks(count: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < count; at++) yield Buffer.alloc(MB)
  }

  const TOO_LARGE = [413, '{"message":"Request Entity Too Large"}'] as const
  const REFUSED = [
    ['50 MB of known length', () => send('PUT', '/v2/a', Buffer.alloc(50 * MB)), TOO_LARGE],
    ['50 MB in chunks, as docker sends them', () => send('PATCH', '/v2/a', chunks(50)), TOO_LARGE],
    ['an event over 6 MB', () => send('PUT', '/v2/a', Buffer.alloc(4.8 * MB)), TOO_LARGE],
    ['an event over 6 MB, in chunks', () => send('PATCH', '/v2/a', chunks(5)), TOO_LARGE],
    [
      'headers over 10,240 bytes',
      () => send('GET', `/v2/${'a'.repeat(10_200)}`),
      [431, '{"message":"Request Header Fields Too Large"}'],
    ],
  ] as const
  test.each(REFUSED)('%s: the gateway answers itself', async (_, ask, expected) => {
    const { status, body } = await ask()
    expect([status, body.toString()]).toEqual(expected)
    expect(seen).toEqual([])
  })

  test('an answer that takes too long is 503', async () => {
    const { status, body } = await send('GET', '/v2/slow', undefined, impatient)
    expect([status, body.toString()]).toEqual([503, '{"message":"Service Unavailable"}'])
  })

  test('a result over 6 MB is 500', async () => {
    const { status, body } = await send('GET', '/v2/large')
    expect([status, body.toString()]).toEqual([500, '{"message":"Internal Server Error"}'])
  })

  test('what fits is passed on as it is', async () => {
    const sent = await send('PATCH', '/v2/a?x=1', chunks(4))
    const asked = await send('HEAD', '/v2/a')
    expect([sent.status, asked.status]).toEqual([200, 200])
    expect(asked.headers.get('Content-Length')).toBe('10')
    expect(sent.headers.get('WWW-Authenticate')).toBeNull()
    expect(sent.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer')
    expect(seen.map(({ method, url, size }) => [method, url, size])).toEqual([
      ['PATCH', '/_aws/execute-api/abc/$default/v2/a?x=1', 4 * MB],
      ['HEAD', '/_aws/execute-api/abc/$default/v2/a', 0],
    ])
    expect(seen[0]?.headers['content-length']).toBe(String(4 * MB))
  })
})
