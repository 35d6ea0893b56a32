/**
 * The Lambda handler whose requests are followed: what a collector gets, and when; and that it keeps no response long.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest'
import { openLog } from '../../functions/compose/open-log.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { startBucket } from '../support/hosts/start.ts'
import { get } from './events.ts'

const CONTEXT = {} as Context
const TRACE = '0af7651916cd43dd8448eb211c80319c'

let s3: S3Server
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  const bucket = await startBucket()
  s3 = bucket.server
  env = bucket.env
})
afterAll(() => s3.close())

interface Came {
  readonly body: Buffer
  readonly headers: IncomingHttpHeaders
}

const answer = (outgoing: ServerResponse): void => void outgoing.end()

/** A collector, and a handler that sends there. @param respond what the collector does with a request */
const open = async (
  t: TestContext,
  variables: Readonly<Record<string, string>> = {},
  respond: (outgoing: ServerResponse) => void = answer,
) => {
  const came: Came[] = []
  const server = createServer(async (incoming, outgoing) => {
    came.push({ body: await buffer(incoming), headers: incoming.headers })
    respond(outgoing)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    vi.unstubAllEnvs()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // The exporter reads those of the process.
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint)
  const all = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...variables }
  const handler = createHandler(all, openLog)
  return { came, send: (path: string, headers = {}) => handler(get(path, headers), CONTEXT) }
}

/** How often a text is in what came. */
const times = ({ body }: Came, text: string): number =>
  body.toString('latin1').split(text).length - 1

test('each response has its spans sent before it, its own among them', async (t) => {
  const { came, send } = await open(t, { AWS_LAMBDA_FUNCTION_NAME: 'registry' })
  const parent = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` }
  expect((await send('/v2/library/app/manifests/none', parent)).statusCode).toBe(404)
  expect(came.length).toBe(1)
  expect((await send('/v2/')).statusCode).toBe(200)
  expect(came.length).toBe(2)
  const [first, second] = came as [Came, Came]
  expect(times(first, 'GET /v2/{name}/manifests/{reference}')).toBe(1)
  expect(times(first, 'authorize')).toBe(1)
  expect(times(first, 'store.get')).toBeGreaterThan(0)
  expect(first.body.includes(Buffer.from(TRACE, 'hex'))).toBe(true)
  expect(times(second, 'GET /v2/')).toBe(1)
  expect(times(second, 'faas.name')).toBe(1)
  expect(second.body.includes(Buffer.from(TRACE, 'hex'))).toBe(false)
})

test('what is not followed sends nothing', async (t) => {
  const { came, send } = await open(t, { OTEL_TRACES_SAMPLER: 'always_off' })
  await send('/v2/')
  expect(came).toEqual([])
})

test('without an endpoint there is nothing to follow it with', async (t) => {
  const { came, send } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: '' })
  expect((await send('/v2/')).statusCode).toBe(200)
  expect(came).toEqual([])
})

test('the collector is shown the headers of the secret', async (t) => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-team=images')
  const { came, send } = await open(t, {
    SLIPWAY_TRACE_HEADERS: 'authorization=Bearer%20abc,x-scope=registry',
  })
  await send('/v2/')
  expect(came[0]?.headers).toMatchObject({
    authorization: 'Bearer abc',
    'x-scope': 'registry',
    'x-team': 'images',
  })
})

describe('no response fails, or waits for long, because of', () => {
  test('a collector that never answers: it is asked once, and then left alone', async (t) => {
    const { came, send } = await open(t, {}, () => {})
    for (let sent = 0; sent < 3; sent++) expect((await send('/v2/')).statusCode).toBe(200)
    expect(came.length).toBe(1)
  })

  test('one that refuses the spans', async (t) => {
    const refuse = (outgoing: ServerResponse) => void outgoing.writeHead(401).end()
    const { came, send } = await open(t, {}, refuse)
    for (let sent = 0; sent < 2; sent++) expect((await send('/v2/')).statusCode).toBe(200)
    expect(came.length).toBe(2)
  })

  test('a secret that is not there', async (t) => {
    const { came, send } = await open(t, { SLIPWAY_TRACE_HEADERS: 'file:/nowhere/at/all' })
    expect((await send('/v2/')).statusCode).toBe(200)
    expect(came).toEqual([])
  })
})

test('wrong settings are what the handler says of them', async (t) => {
  const { send } = await open(t, { SLIPWAY_STORE: 'file:/tmp' })
  await expect(send('/v2/')).rejects.toThrow(/on Lambda it must be s3:/)
})
