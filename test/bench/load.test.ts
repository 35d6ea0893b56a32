/**
 * The load that the benchmark puts on servers, and its client.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { describe, test } from 'vitest'
import { putLoad } from '../../bench/client/load.ts'
import { createClient, expect } from '../../bench/client/wire.ts'

/** Runs work against a server. */
const withServer = async (
  listener: RequestListener,
  work: (address: string) => Promise<void>,
): Promise<void> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    await work(`127.0.0.1:${address.port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const load = { paths: ['/a', '/b'], status: 200, connections: 3, seconds: 0.3 } as const

describe('load', () => {
  for (const method of ['GET', 'HEAD'] as const) {
    test(`of ${method} is as much as the server has seen`, async () => {
      let seen = 0
      const asked = new Set<string | undefined>()
      await withServer(
        (request, response) => {
          assert.equal(request.method, method)
          assert.equal(request.headers.accept, 'text/plain')
          asked.add(request.url)
          seen++
          setTimeout(() => response.setHeader('Content-Length', 5).end('hello'), 10)
        },
        async (address) => {
          const headers = { Accept: 'text/plain' }
          const result = await putLoad({ ...load, address, method, headers })
          assert.ok(seen >= 3)
          assert.deepEqual([...asked].toSorted(), ['/a', '/b'])
          // Three at once, 10 ms each: never more than 300 a second.
          assert.ok(result.requestsPerSecond > 0 && result.requestsPerSecond <= 330)
          assert.ok(result.p50 >= 9 && result.p99 >= result.p50)
        },
      )
    })
  }

  test('ends with an error when an answer is another', async () => {
    await withServer(
      (_, response) => response.writeHead(500).end('no'),
      (address) => assert.rejects(putLoad({ ...load, address, method: 'GET' }), /500, not 200/),
    )
  })

  test('ends with an error when the server hangs up', async () => {
    await withServer(
      (request) => request.socket.destroy(),
      (address) => assert.rejects(putLoad({ ...load, address, method: 'GET' })),
    )
  })
})

test('the client sends bodies with and without their length, and counts answers', async () => {
  const seen: (string | undefined)[] = []
  await withServer(
    (request, response) => {
      seen.push(request.headers['content-length'] ?? request.headers['transfer-encoding'])
      let size = 0
      request.on('data', (chunk: Buffer) => {
        size += chunk.byteLength
      })
      request.on('end', () => response.end('x'.repeat(size / 1000)))
    },
    async (address) => {
      const client = createClient(`http://${address}`)
      const body = Buffer.alloc(3_000_000)
      const put = { method: 'PUT', url: '/blob', body }
      assert.equal((await expect(client, [200], put)).size, 3000)
      assert.equal((await expect(client, [200], { ...put, chunked: true })).size, 3000)
      await assert.rejects(expect(client, [201], put), /PUT \/blob: 200 xxx/)
      client.close()
    },
  )
  assert.deepEqual(seen, ['3000000', 'chunked', '3000000'])
})

test('the client asks again where a kept connection was closed, and no more than that', async () => {
  let answered = 0
  await withServer(
    (request, response) => {
      answered++
      // Of three requests on the first connection, the second is never answered.
      if (answered === 2) request.socket.destroy()
      else response.end('hello')
    },
    async (address) => {
      const client = createClient(`http://${address}`)
      const get = { method: 'GET', url: '/' }
      await expect(client, [200], get)
      await expect(client, [200], get)
      client.close()
    },
  )
  assert.equal(answered, 3)
  await withServer(
    (request) => request.socket.destroy(),
    async (address) => {
      const client = createClient(`http://${address}`)
      await assert.rejects(expect(client, [200], { method: 'GET', url: '/' }), /hang up/)
    },
  )
})
