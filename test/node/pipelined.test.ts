/**
 * Clients that do not wait for a response before they send their next request.
 *
 * @module
 */

import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { blob } from '../support/hosts/content.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAtOnce } from '../support/rig/push.ts'
import { connectTo } from '../support/rig/server.ts'
import { openFiles } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { type Served, served } from './served.ts'

const large = blob('pipelined', 17 * 1024 * 1024)
const GET = `GET /v2/a/blobs/${large.sha256} HTTP/1.1\r\nHost: x\r\n\r\n`

let server: Served
let end: () => Promise<void>
/** Reads of the blob. */
let reads = 0
beforeAll(async () => {
  const { store, close } = await openFiles()
  const counted = intercept(store, ({ operation, args }, proceed) => {
    if (operation === 'get' && String(args[0]).endsWith('/data')) reads += 1
    return proceed()
  })
  server = await served(counted)
  end = close
  await pushAtOnce(server.send, 'a', large)
})
beforeEach(() => {
  reads = 0
})
afterAll(async () => {
  await server.stop()
  await end()
})

test('each request is begun when the response to the last one is sent', async () => {
  const socket = await connectTo(server.url)
  socket.write(GET.repeat(10))
  await once(socket, 'readable')
  // What has come by now is in its order: had they been begun, they would have been read.
  expect((await server.send('HEAD /v2/')).status).toBe(200)
  expect(reads).toBe(1)
  let received = 0
  socket.on('data', ({ length }: Buffer) => {
    received += length
  })
  await until(() => received > 10 * large.bytes.length)
  expect(reads).toBe(10)
  socket.destroy()
})

test('a connection with too many of them is closed, and they are not answered', async () => {
  const socket = await connectTo(server.url)
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(GET.repeat(3000))
  socket.resume()
  await closed
  expect((await server.send('HEAD /v2/')).status).toBe(200)
  expect(reads).toBeLessThanOrEqual(100)
})
