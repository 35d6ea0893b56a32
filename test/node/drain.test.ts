/**
 * Bodies that are refused, where something is in front that takes no response before their last byte.
 *
 * @module
 */

import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { endpointInFront } from '../../functions/node/web-function/front.ts'
import { connectTo } from '../support/rig/server.ts'
import { openFiles } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { served } from './served.ts'

const MIB = 1024 * 1024
const PATH = '/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=x'

/** More than sockets hold: a server that reads none of it stalls. */
const USUAL = 16 * MIB
/** More than the adapter would read. */
const LARGE = 80 * MIB

const ROWS: readonly (readonly [string, string, number, number?])[] = [
  ['PATCH', PATH, 404, LARGE],
  ['PUT', `${PATH}&digest=sha256:${'a'.repeat(64)}`, 404],
  ['POST', '/v2/A/blobs/uploads/', 400],
  ['PUT', '/v2/a/manifests/x', 413],
  ['GET', '/v2/', 200],
  ['DELETE', '/v2/', 405],
  ['PUT', '/nothing/here', 404],
]

for (const [method, target, status, size = USUAL] of ROWS) {
  for (const connection of ['keep-alive', 'close']) {
    test(`${method} ${target.slice(0, 30)}, ${connection}: the whole body is read before the ${status}, and counted`, async (t) => {
      const { store, close } = await openFiles()
      const server = await served(store, [], endpointInFront)
      const socket = await connectTo(server.url)
      t.onTestFinished(async () => {
        socket.destroy()
        await server.stop()
        await close()
      })
      socket.write(
        `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: ${size}\r\n\r\n`,
      )
      const early = vi.fn()
      socket.once('readable', early)
      for (let sent = 0; sent < size - MIB; sent += MIB) {
        if (!socket.write(Buffer.alloc(MIB))) await once(socket, 'drain')
      }
      expect(early).not.toHaveBeenCalled()
      socket.write(Buffer.alloc(MIB))
      const [answer] = await once(socket.setEncoding('utf8'), 'data')
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      await until(() => server.lines.length > 0)
      expect(server.lines).toEqual([
        expect.objectContaining({ fields: expect.objectContaining({ status, drained: size }) }),
      ])
    })
  }
}

test('a body that is drained and stands still is given up', async (t) => {
  const { store, close } = await openFiles()
  const server = await served(store, ['--upload-timeout=1'], endpointInFront)
  const socket = await connectTo(server.url)
  t.onTestFinished(async () => {
    socket.destroy()
    await server.stop()
    await close()
  })
  socket.write(`PATCH ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: ${MIB}\r\n\r\n`)
  socket.write(Buffer.alloc(1000))
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 .*\r\nconnection: close\r\n/is)
  await until(() => server.lines.length > 0)
  expect(server.lines[0]?.fields).toMatchObject({ status: 404, drained: 1000 })
})

test('a body that was read is not drained', async (t) => {
  const { store, close } = await openFiles()
  const server = await served(store, [], endpointInFront)
  t.onTestFinished(async () => {
    await server.stop()
    await close()
  })
  const { status } = await server.send('POST /v2/a/blobs/uploads/', Buffer.alloc(0))
  expect(status).toBe(202)
  await until(() => server.lines.length > 0)
  expect(server.lines[0]?.fields).not.toHaveProperty('drained')
})
