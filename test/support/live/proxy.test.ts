/**
 * The recording proxy forwards, records, and cuts when told.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { type RecordingProxy, startProxy } from './proxy.ts'

const megabyte = Buffer.alloc(1_000_000, 'x')

interface Target {
  readonly server: Server
  readonly address: string
  /** Hangs up on whoever still sends a body. */
  hangUp(): void
}

/** Responds to GET with a megabyte, and to PUT with 413, without reading the body. */
const startTarget = async (): Promise<Target> => {
  const sending: Socket[] = []
  const server = createServer((request, response) => {
    if (request.method === 'GET') return response.end(megabyte)
    request.pause()
    sending.push(request.socket)
    return response.writeHead(413, { 'content-length': '8' }).write('too much')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    server,
    address: `127.0.0.1:${address.port}`,
    hangUp: () => {
      for (const socket of sending.splice(0)) socket.destroy()
    },
  }
}

describe('a recording proxy', () => {
  let target: Target
  let proxy: RecordingProxy
  beforeAll(async () => {
    target = await startTarget()
  })
  beforeEach(async () => {
    proxy = await startProxy(target.address)
  })
  afterAll(() => {
    target.server.closeAllConnections()
    target.server.close()
  })

  const get = async (): Promise<number> => {
    const response = await fetch(`http://${proxy.address}/blob`, { headers: { range: 'bytes=1-' } })
    return (await response.arrayBuffer()).byteLength
  }

  test('forwards responses and records them', async () => {
    assert.equal(await get(), megabyte.length)
    const [exchange] = proxy.exchanges
    assert.equal(exchange?.method, 'GET')
    assert.equal(exchange.url, '/blob')
    assert.equal(exchange.range, 'bytes=1-')
    assert.equal(exchange.responseBytes, megabyte.length)
    assert.equal(exchange.cut, false)
    await proxy.close()
  })

  test('cuts the next response that matches, and no other', async () => {
    proxy.cutNext(({ length }) => length > 1_000_000, 10)
    assert.equal(await get(), megabyte.length)
    proxy.cutNext(({ length }) => length === 1_000_000, 300_000)
    await assert.rejects(get())
    assert.equal(await get(), megabyte.length)
    assert.deepEqual(
      proxy.exchanges.map(({ cut }) => cut),
      [false, true, false],
    )
    await proxy.close()
  })

  test('delivers a response that came before the end of the body, and serves the next request', async () => {
    const body = Buffer.alloc(20_000_000)
    for (let round = 0; round < 3; round++) {
      const response = await fetch(`http://${proxy.address}/blob`, { method: 'PUT', body })
      assert.equal(response.status, 413)
      await response.arrayBuffer()
      // Not before: a reset could overtake the response.
      target.hangUp()
      assert.equal(await get(), megabyte.length)
    }
    await proxy.close()
  })
})
