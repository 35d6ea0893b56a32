/**
 * What docs/servers.md says of connections: sizes of headers, Expect, how long they are kept.
 *
 * @module
 */

import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppEnv } from '../../functions/api/env.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createServerOf } from '../../functions/node/http-server.ts'
import { type RunningServer, startServer } from '../../functions/node/server.ts'
import { silent, temporaryDirectory } from '../support/hosts/start.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let server: RunningServer
beforeAll(async () => {
  directory = await temporaryDirectory()
  const args = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${directory.path}`]
  server = await startServer(readSettings(args, {}), {})
})
afterAll(async () => {
  await server.stop()
  await directory.remove()
})

/** Sends bytes and then the end; the responses. */
const raw = async (bytes: string): Promise<string> => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.end(bytes)
  return text(socket)
}
const GET = 'GET /v2/ HTTP/1.1\r\nHost: x\r\n'
const PUT = `PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\n`

test.each([
  ['a header of 16,000 bytes', `${GET}X: ${'a'.repeat(16_000)}\r\n\r\n`, /^HTTP\/1.1 200 /],
  ['a header of 17,000 bytes', `${GET}X: ${'a'.repeat(17_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
  [
    'a target of 16,000 bytes',
    `GET /v2/?${'a'.repeat(16_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    /^HTTP\/1.1 200 /,
  ],
  [
    'a target of 17,000 bytes',
    `GET /v2/?${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    /^HTTP\/1.1 431 /,
  ],
  [
    'a body that is announced',
    `${PUT}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}`,
    /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400 /,
  ],
  ['another expectation', `${PUT}Content-Length: 2\r\nExpect: 200-ok\r\n\r\n{}`, /^HTTP\/1.1 417 /],
  ['an idle connection', `${GET}\r\n`, /\r\nKeep-Alive: timeout=75\r\n/],
])('%s', async (_, bytes, answer) => {
  expect(await raw(bytes)).toMatch(answer)
})

test.each([
  ['60s', 300_000],
  ['1h', 7_200_000],
])('with --upload-timeout=%s, a connection without a byte is closed after %d ms', (time, most) => {
  const settings = readSettings([`--upload-timeout=${time}`], {})
  expect(createServerOf(new Hono<AppEnv>(), settings, { logger: silent }).server.timeout).toBe(most)
})
