/**
 * Which spans a request has, what they say, and what they keep to themselves.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { describe, expect, test } from 'vitest'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { getFrom } from '../../functions/shared/outgoing.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { followed } from './followed.ts'

const IMAGE = imageOf()
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`

const server = (spans: readonly ReadableSpan[]): ReadableSpan => {
  const [first, ...others] = spans.filter(({ kind }) => kind === SpanKind.SERVER)
  expect(others).toEqual([])
  return first as ReadableSpan
}
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId

test('a push and a pull: authorization and calls of the store are part of each request', async (t) => {
  const { send, spans } = await followed(t)
  await pushAtOnce(send, 'team/app', CONFIG)
  await pushManifest(send, 'team/app', 'v1', IMAGE)
  await send('GET /v2/team/app/manifests/v1?ns=secret', undefined, { 'User-Agent': 'test/1' })
  const all = await spans()
  const requests = all.filter(({ kind }) => kind === SpanKind.SERVER)
  expect(requests.map(({ name }) => name)).toEqual([
    'POST /v2/{name}/blobs/uploads/',
    'PUT /v2/{name}/manifests/{reference}',
    'GET /v2/{name}/manifests/{reference}',
  ])
  for (const request of requests) {
    expect(request.parentSpanContext).toBeUndefined()
    const below = all.filter(({ parentSpanContext: up }) => up?.spanId === idOf(request))
    expect(below[0]).toMatchObject({
      name: 'authorize',
      kind: SpanKind.INTERNAL,
      attributes: { 'slipway.caller.kind': 'anonymous', 'slipway.caller.via': 'nothing' },
    })
    const calls = below.slice(1)
    expect(calls.length).toBeGreaterThan(0)
    for (const { name, kind, attributes } of calls) {
      expect(name).toMatch(/^store\./)
      expect(kind).toBe(SpanKind.CLIENT)
      expect(attributes['slipway.store.driver']).toBe('file')
    }
  }
  expect(requests.at(-1)?.attributes).toMatchObject({
    'http.request.method': 'GET',
    'http.route': '/v2/{name}/manifests/{reference}',
    'http.response.status_code': 200,
    'url.path': '/v2/team/app/manifests/v1',
    'url.scheme': 'http',
    'server.address': 'registry.example.com',
    'server.port': 80,
    'user_agent.original': 'test/1',
  })
  const kinds = new Set(all.flatMap(({ attributes }) => attributes['slipway.store.key'] ?? []))
  expect([...kinds].sort()).toEqual(['blob', 'catalog', 'layer link', 'manifest link', 'tag'])
  expect(JSON.stringify(all.map(({ attributes }) => attributes))).not.toContain('secret')
})

const ROWS: readonly (readonly [request: string, name: string, status: number])[] = [
  ['GET /v2/', 'GET /v2/', 200],
  ['GET /v2/a/b/tags/list?n=1', 'GET /v2/{name}/tags/list', 404],
  ['HEAD /v2/a/manifests/none', 'HEAD /v2/{name}/manifests/{reference}', 404],
  ['GET /v2/_catalog', 'GET /v2/_catalog', 200],
  ['GET /nothing/here', 'GET', 404],
  ['POST /v2/a/tags/list', 'POST', 405],
  ['BREW /v2/', 'HTTP', 405],
]
test.for(ROWS)('%s is the span %s', async ([request, name, status], t) => {
  const { send, spans } = await followed(t)
  expect((await send(request)).status).toBe(status)
  const span = server(await spans())
  expect(span.name).toBe(name)
  expect(span.status.code).toBe(SpanStatusCode.UNSET)
})

test('health is not followed', async (t) => {
  const { send, spans } = await followed(t)
  await send('GET /livez')
  expect(await spans()).toEqual([])
})

describe('a trace goes on', () => {
  const CASES: readonly (readonly [string, string, Readonly<Record<string, string>>, boolean])[] = [
    ['from traceparent', PARENT, {}, true],
    ['not from one that is malformed', 'x', {}, false],
    ['not where it is told not to', PARENT, { OTEL_PROPAGATORS: 'none' }, false],
  ]
  test.for(CASES)('%s', async ([_, traceparent, env, goesOn], t) => {
    const { send, spans } = await followed(t, { env })
    await send('GET /v2/', undefined, { traceparent, tracestate: 'vendor=1' })
    const span = server(await spans())
    expect(span.spanContext().traceId === TRACE).toBe(goesOn)
    expect(span.spanContext().traceState?.get('vendor')).toBe(goesOn ? '1' : undefined)
  })

  test('unless its sender keeps nothing of it', async (t) => {
    const { send, spans } = await followed(t)
    await send('GET /v2/', undefined, { traceparent: PARENT.replace(/01$/, '00') })
    expect(await spans()).toEqual([])
  })

  test('into requests to issuers, but without what is none of their business', async (t) => {
    let seen: Readonly<Record<string, unknown>> = {}
    const issuer = createServer(({ headers }, outgoing) => {
      seen = headers
      outgoing.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    t.onTestFinished(() => void issuer.close())
    await new Promise((listening) => issuer.once('listening', listening))
    const { port } = issuer.address() as AddressInfo
    const keys = new URL(`http://127.0.0.1:${port}/keys?secret=1`)
    const options = { headers: {}, privateAddresses: true, signal: AbortSignal.timeout(60_000) }
    const ask = async (): Promise<void> => void (await getFrom(keys, options)).resume()
    const { send, spans } = await followed(t, {
      authorizer: {
        ...openAuthorizer,
        identify: async (credentials) => {
          await ask()
          return openAuthorizer.identify(credentials)
        },
      },
    })
    await send('GET /v2/', undefined, { traceparent: PARENT, baggage: 'client=says' })
    const found = (await spans()).find(({ name }) => name === 'GET')
    expect(seen.traceparent).toBe(`00-${TRACE}-${idOf(found)}-01`)
    expect(seen.baggage).toBeUndefined()
    expect(found).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.ERROR },
      attributes: {
        'http.response.status_code': 404,
        'server.port': port,
        'url.full': `http://127.0.0.1:${port}/keys`,
      },
    })
    // What is part of no request is not followed, and neither is what comes after the end.
    await ask()
    expect(seen.traceparent).toBeUndefined()
  })
})

describe('failures', () => {
  const failing = (error: () => Error) => ({
    over: (store: Parameters<typeof intercept>[0]) =>
      intercept(store, async ({ operation }, proceed) => {
        if (operation === 'get' || operation === 'head') throw error()
        return proceed()
      }),
  })
  test('of the store are errors, of it and of the request', async (t) => {
    const { send, spans } = await followed(
      t,
      failing(() => new StoreError('unavailable', 'get slipway/secret')),
    )
    expect((await send('GET /v2/a/manifests/v1')).status).toBe(503)
    const all = await spans()
    const ERROR = { status: { code: SpanStatusCode.ERROR } }
    expect(server(all)).toMatchObject({ ...ERROR, attributes: { 'error.type': '503' } })
    const call = all.find(({ name }) => name === 'store.get')
    expect(call).toMatchObject({ ...ERROR, attributes: { 'error.type': 'unavailable' } })
    const said = all.map(({ attributes, events, status }) => ({ attributes, events, status }))
    expect(JSON.stringify(said)).not.toContain('secret')
  })

  test('what is refused is none', async (t) => {
    const { send, spans } = await followed(t, {
      authorizer: {
        ...openAuthorizer,
        identify: () => Promise.reject(new AccessError('UNAUTHORIZED', 'wrong password')),
      },
    })
    expect((await send('GET /v2/')).status).toBe(401)
    const all = await spans()
    expect(all.map(({ name, status }) => [name, status.code])).toEqual([
      ['authorize', SpanStatusCode.UNSET],
      ['GET /v2/', SpanStatusCode.UNSET],
    ])
    expect(all[0]?.attributes).toEqual({ 'slipway.refused': 'UNAUTHORIZED' })
  })
})

test('a request ends when its response does, and its span says how', async (t) => {
  const ended = Promise.withResolvers<'client gone'>()
  const bindings = {
    address: '203.0.113.7',
    ended: ended.promise,
    bytes: () => ({ received: 5, sent: 7 }),
  }
  const { send, spans } = await followed(t, { bindings })
  await send('GET /v2/')
  ended.resolve('client gone')
  await nextTurn()
  expect(server(await spans()).attributes).toMatchObject({
    'client.address': '203.0.113.7',
    'http.request.size': 5,
    'http.response.size': 7,
    'slipway.ending': 'client gone',
  })
})
