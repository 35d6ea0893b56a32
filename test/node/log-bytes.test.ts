/**
 * The bytes of a request and its response in the log: what really came and went, and not what was declared.
 *
 * @module
 */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blob } from '../support/hosts/content.ts'
import { locationOf } from '../support/rig/client.ts'
import { begin, pushAtOnce } from '../support/rig/push.ts'
import { connectTo } from '../support/rig/server.ts'
import { openFiles } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { type Line, type Served, served } from './served.ts'

let server: Served
let end: () => Promise<void>
beforeAll(async () => {
  const { store, close } = await openFiles()
  server = await served(store)
  end = close
})
afterAll(async () => {
  await server.stop()
  await end()
})

/** Reads one response whose length is declared. */
const answerOn = async (socket: Socket): Promise<Buffer> => {
  let read = Buffer.alloc(0)
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    read = Buffer.concat([read, chunk])
    const head = read.indexOf('\r\n\r\n')
    if (head === -1) continue
    const [, length = '0'] = read.toString('latin1', 0, head).match(/content-length: (\d+)/i) ?? []
    if (read.length === head + 4 + Number(length)) return read
  }
}

const lineOf = (method: string, path: RegExp): Promise<Line> =>
  until(() =>
    server.lines.find(({ fields }) => fields.method === method && path.test(String(fields.path))),
  )

test('requests on one connection, one of them with a body in chunks', async () => {
  const content = blob('in chunks', 1000)
  const target = locationOf(await begin(server.send, 'chunks'))
  const socket = await connectTo(server.url)
  const chunk = `${content.bytes.length.toString(16)}\r\n${content.bytes.toString('latin1')}\r\n0\r\n\r\n`
  const patch = `PATCH ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`
  const list = 'GET /v2/chunks/tags/list HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const [request, method, path] of [
    [patch, 'PATCH', /chunks\/blobs/],
    [list, 'GET', /chunks\/tags/],
  ] as const) {
    socket.write(request, 'latin1')
    const { length } = await answerOn(socket)
    const { fields } = await lineOf(method, path)
    expect(fields).toMatchObject({ received: request.length, sent: length, who: 'anonymous' })
  }
  socket.destroy()
})

test('a body that nobody reads', async () => {
  const request = `POST /v2/unread/tags/list HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345`
  const socket = await connectTo(server.url)
  socket.write(request)
  await answerOn(socket)
  const { fields } = await lineOf('POST', /unread/)
  expect(fields).toMatchObject({ received: request.length })
  socket.destroy()
})

test('a download that the client ends', async () => {
  const large = blob('large', 17 * 1024 * 1024)
  await pushAtOnce(server.send, 'large', large)
  const socket = await connectTo(server.url)
  socket.write(`GET /v2/large/blobs/${large.sha256} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await once(socket, 'data')
  socket.destroy()
  const { fields } = await lineOf('GET', /large\/blobs/)
  expect(fields.status).toBe(499)
  expect(fields.sent).toBeGreaterThan(0)
  expect(fields.sent).toBeLessThan(large.bytes.length)
})
