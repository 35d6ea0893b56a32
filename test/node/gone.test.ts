/**
 * Clients that go away: nothing that anyone can do by that looks like a failure of the registry.
 *
 * @module
 */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { blob } from '../support/hosts/content.ts'
import { locationOf } from '../support/rig/client.ts'
import { intercept, type StoreCall } from '../support/rig/intercept.ts'
import { begin, pushAtOnce } from '../support/rig/push.ts'
import { connectTo } from '../support/rig/server.ts'
import { STORES } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { type Served, served } from './served.ts'

/** The server, in this process, has noticed what it could: also where both slept for long. */
const noticed = async (): Promise<void> => {
  await sleep(50)
  for (let turns = 0; turns < 3; turns += 1) await nextTurn()
}

const MIB = 1024 * 1024
const large = blob('gone', 17 * MIB)

for (const [name, open] of STORES) {
  describe(name, () => {
    let server: Served
    let end: () => Promise<void>
    /** What a call of the store waits for. */
    let hold: ((call: StoreCall) => Promise<void> | undefined) | undefined
    /** Holds the store's calls back until the client has left; says when one has come. */
    const holdBack = () => {
      const asked = Promise.withResolvers<void>()
      const left = Promise.withResolvers<void>()
      hold = async () => {
        asked.resolve()
        await left.promise
      }
      return { asked, left }
    }
    beforeAll(async () => {
      const { store, close } = await open()
      const held = intercept(store, async (call, proceed) => {
        await hold?.(call)
        return proceed()
      })
      server = await served(held)
      end = close
      await pushAtOnce(server.send, 'a', large)
    })
    afterEach(() => {
      hold = undefined
    })
    afterAll(async () => {
      await server.stop()
      await end()
    })

    /** The lines since then, once the request of this kind is among them. */
    const linesSince = async (from: number, method: string) => {
      const lines = () => server.lines.slice(from)
      await until(() => lines().some(({ fields }) => fields.method === method))
      return lines()
    }

    const expectGone = (line: { level: string; fields: object } | undefined, reason: RegExp) => {
      expect(line).toMatchObject({ level: 'info', message: 'request' })
      expect(line?.fields).toMatchObject({ status: 499, reason: expect.stringMatching(reason) })
      expect(line?.fields).not.toHaveProperty('err')
    }

    const range = (size: number) => `Content-Range: 0-${size - 1}\r\n`
    const whileSending = (body: string, size: number): [string, () => Promise<string>][] => {
      const upload = async () => locationOf(await begin(server.send, 'a'))
      const digest = blob(`${body} ${size}`, size).sha256
      return [
        ['PATCH', async () => `PATCH ${await upload()} HTTP/1.1\r\n`],
        ['PATCH with a range', async () => `PATCH ${await upload()} HTTP/1.1\r\n${range(size)}`],
        ['PUT', async () => `PUT ${await upload()}&digest=${digest} HTTP/1.1\r\n`],
        ['POST', async () => `POST /v2/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\n`],
        [
          'PUT of a manifest',
          async () => `PUT /v2/a/manifests/x HTTP/1.1\r\nContent-Type: ${OCI_MANIFEST}\r\n`,
        ],
      ]
    }
    const BODIES = [
      ['a declared length', 1000],
      ['a declared length', 17 * MIB],
      ['chunks', 1000],
    ] as const
    for (const [framing, size] of BODIES) {
      for (const [request, head] of whileSending(framing, size)) {
        if (size > 4 * MIB && request.endsWith('manifest')) continue
        test(`during the body of a ${request}, ${size} bytes with ${framing}`, async () => {
          const start = await head()
          const from = server.lines.length
          const socket = await connectTo(server.url)
          const part = Buffer.alloc(Math.floor(size * 0.8), 1)
          socket.write(`${start}Host: x\r\n`)
          if (framing === 'chunks') {
            socket.write(`Transfer-Encoding: chunked\r\n\r\n${part.length.toString(16)}\r\n`)
          } else socket.write(`Content-Length: ${size}\r\n\r\n`)
          await new Promise((written) => socket.write(part, written))
          socket.destroy()
          const lines = await linesSince(from, start.split(' ')[0] ?? '')
          expect(lines).toHaveLength(1)
          expectGone(lines[0], /^the client went away before the end of its request$/)
        })
      }
    }

    test('during a download', async () => {
      const from = server.lines.length
      const socket = await connectTo(server.url)
      socket.write(`GET /v2/a/blobs/${large.sha256} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await new Promise((come) => socket.once('data', come))
      socket.destroy()
      const lines = await linesSince(from, 'GET')
      expect(lines).toHaveLength(1)
      expectGone(lines[0], /^the client went away before it had the response, 200$/)
    })

    for (const method of ['GET', 'HEAD']) {
      test(`before the response to a ${method}`, async () => {
        const from = server.lines.length
        const { asked, left } = holdBack()
        const socket = await connectTo(server.url)
        const other = blob('never pushed', 10).sha256
        socket.write(`${method} /v2/a/blobs/${other} HTTP/1.1\r\nHost: x\r\n\r\n`)
        await asked.promise
        socket.destroy()
        await noticed()
        left.resolve()
        const lines = await linesSince(from, method)
        expect(lines).toHaveLength(1)
        expectGone(lines[0], /^the client went away before it had the response, 404$/)
      })
    }

    test('before the response to requests sent at once', async () => {
      const from = server.lines.length
      const { asked, left } = holdBack()
      const socket = await connectTo(server.url)
      const get = (seed: string) =>
        `GET /v2/a/blobs/${blob(seed, 10).sha256} HTTP/1.1\r\nHost: x\r\n\r\n`
      socket.write(get('one') + get('two'))
      await asked.promise
      socket.destroy()
      await noticed()
      left.resolve()
      await until(() => server.lines.length === from + 2)
      for (const line of server.lines.slice(from)) expectGone(line, /^the client went away/)
    })

    test('a failure of the store is still one when its client has gone', async () => {
      const from = server.lines.length
      const asked = Promise.withResolvers<void>()
      const left = Promise.withResolvers<void>()
      hold = async () => {
        asked.resolve()
        await left.promise
        throw new StoreError('unavailable', 'out of order')
      }
      const socket = await connectTo(server.url)
      const other = blob('never pushed either', 10).sha256
      socket.write(`GET /v2/a/blobs/${other} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await asked.promise
      socket.destroy()
      await noticed()
      left.resolve()
      const lines = await linesSince(from, 'GET')
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatchObject({ level: 'error', fields: { status: 503 } })
    })
  })
}
