/**
 * Pull-through on Lambda, event by event: the function behind the API sends clients elsewhere for blobs, and has another one
 * copy them into S3.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler as createApi } from '../../functions/handlers/api.ts'
import { createHandler } from '../../functions/handlers/fill.ts'
import { startWebFunction } from '../../functions/node/web-function/start.ts'
import { dataKey, layerLinkKey, UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { claimKey } from '../../functions/upstreams/blobs/claim.ts'
import { startBucket } from '../support/hosts/start.ts'
import { until } from '../support/until.ts'
import { CONFIG, IMAGE, serve, sha256 } from '../upstreams/upstream.ts'
import { get } from './events.ts'
import { WRONG } from './wrong-settings.ts'

const ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:fill'
const CDN = 'https://127.0.0.1:1/blob?signed=1'
const LAYER = randomBytes(300_000)
const DIGEST = sha256(LAYER)
const BLOB = `/v2/up/team/app/blobs/${DIGEST}`
const context = { invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 900_000 }

const head = (path: string): APIGatewayProxyEventV2 => {
  const event = get(path)
  const { requestContext } = event
  const http = { ...requestContext.http, method: 'HEAD' }
  return { ...event, requestContext: { ...requestContext, http } }
}

const withQuery = (path: string): APIGatewayProxyEventV2 => {
  const [rawPath = '', rawQueryString = ''] = path.split('?')
  const queryStringParameters = Object.fromEntries(new URLSearchParams(rawQueryString))
  return { ...get(rawPath), rawQueryString, queryStringParameters }
}

/** An upstream, Lambda, and both functions on one bucket. */
const open = async (more: NodeJS.ProcessEnv = {}) => {
  const state = {
    ...{ redirects: true, parts: false, away: false, bytes: LAYER, lambda: 202, cdn: CDN },
    length: undefined as number | undefined,
  }
  const upstream = await serve((request, response) => {
    const { method, url = '' } = request
    const send = (bytes: Buffer, headers: Record<string, string> = {}) =>
      void response
        .writeHead(200, { 'content-length': bytes.length, ...headers })
        .end(method === 'HEAD' ? undefined : bytes)
    if (state.away) return void response.writeHead(503).end()
    if (url === '/v2/') return send(Buffer.from('{}'))
    if (url === '/v2/team/app/manifests/v1') {
      return send(IMAGE, { 'content-type': OCI_MANIFEST, 'docker-content-digest': sha256(IMAGE) })
    }
    if (!url.startsWith('/v2/team/app/blobs/')) return void response.writeHead(404).end()
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (state.parts && start !== undefined) {
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${state.bytes.length}` })
      return void response.end(state.bytes.subarray(Number(start), Number(end) + 1))
    }
    if (state.redirects) return void response.writeHead(307, { location: state.cdn }).end()
    if (url.endsWith(DIGEST) && state.length !== undefined) {
      response.writeHead(200, { 'content-length': state.length })
      return void response.write(state.bytes)
    }
    if (url.endsWith(DIGEST)) return send(state.bytes)
    if (url.endsWith(sha256(CONFIG))) return send(CONFIG)
    response.writeHead(404).end()
  })
  const events: object[] = []
  const lambda = await serve(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (state.lambda === 202) events.push(JSON.parse(Buffer.concat(chunks).toString()))
    response.writeHead(state.lambda).end()
  })
  const { server, env: bucket } = await startBucket()
  onTestFinished(() => server.close())
  const env: Record<string, string | undefined> = {
    ...bucket,
    AWS_ENDPOINT_URL: lambda.origin,
    SLIPWAY_FILL_FUNCTION: ARN,
    ...more,
  }
  const store = await openStore(readSettings([], env), env)
  const entry = { name: 'up', host: 'up.example', prefix: 'up', url: upstream.origin }
  const upstreams = [{ ...entry, private: ['127.0.0.1', '127.0.0.2'] }]
  await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
  const api = createApi(env)
  const send = (event: APIGatewayProxyEventV2) => api(event, {} as Context)
  const fill = createHandler(env)
  const asked = () =>
    upstream.requests.splice(0).flatMap(({ line }) => (line === 'GET /v2/' ? [] : [line]))
  return {
    ...{
      send,
      fill: (event: object, left = 900_000) =>
        fill(event, { ...context, getRemainingTimeInMillis: () => left }),
      events,
      asked,
    },
    ...{ lambda, state, store, env, upstream },
  }
}

const code = (body: string | undefined) => JSON.parse(body ?? '').errors[0].code

describe('a pull', () => {
  test('has manifests from the upstream, and is sent elsewhere for blobs until they are here', async () => {
    const { send, fill, events, asked, lambda, state } = await open()
    const manifest = await send(get('/v2/up/team/app/manifests/v1'))
    expect(manifest.statusCode).toBe(200)
    expect(Buffer.from(manifest.body ?? '', 'base64')).toEqual(IMAGE)
    for (let count = 0; count < 3; count++) {
      const blob = await send(get(BLOB))
      expect([blob.statusCode, blob.headers?.location]).toEqual([307, CDN])
      expect(blob.headers?.['cache-control']).toBe('no-store')
      expect(blob.headers?.['docker-content-digest']).toBe(DIGEST)
    }
    expect((await send(head(BLOB))).headers?.location).toBe(CDN)
    // One copy for all of them.
    expect(events).toEqual([{ name: 'up/team/app', digest: DIGEST, claim: expect.any(String) }])
    const [{ headers, line } = { headers: {}, line: '' }] = lambda.requests
    expect(line).toBe('POST /2015-03-31/functions/fill/invocations')
    expect(headers['x-amz-invocation-type']).toBe('Event')
    expect(headers.authorization).toMatch(/\/eu-central-1\/lambda\/aws4_request/)
    asked()
    state.redirects = false
    await fill(events[0]!)
    expect(asked()).toEqual([`GET ${BLOB.replace('/up/', '/')}`])
    state.away = true
    const stored = await send(get(BLOB))
    expect(stored.statusCode).toBe(307)
    expect(stored.headers?.location).toContain('X-Amz-Signature')
    expect((await send(get('/v2/up/team/app/manifests/v1'))).statusCode).toBe(200)
    expect(asked()).toEqual([])
  })

  test('has what another repository has, once the upstream has shown a part of it', async () => {
    const { send, state, store, events } = await open()
    await store.put(dataKey(DIGEST), LAYER)
    state.parts = true
    expect((await send(get(BLOB))).headers?.location).toContain('X-Amz-Signature')
    expect(events).toEqual([])
  })

  test('does not have it where the upstream shows another', async () => {
    const { send, state, store, events } = await open()
    await store.put(dataKey(DIGEST), LAYER)
    Object.assign(state, { parts: true, bytes: randomBytes(LAYER.length) })
    expect((await send(get(BLOB))).statusCode).toBe(503)
    expect(await store.head(layerLinkKey('up/team/app', DIGEST))).toBeUndefined()
    expect(events).toEqual([])
  })

  test('says upstream which way it has come, so that no registry asks itself without end', async () => {
    const { send, fill, events, state, upstream } = await open()
    await send(get(BLOB))
    state.redirects = false
    await fill(events[0]!)
    const ways = upstream.requests.flatMap(({ line, headers }) =>
      line === 'GET /v2/' ? [] : [headers.via],
    )
    expect(ways).toEqual([expect.stringMatching(/^1\.1 slipway-[0-9a-f]{12}$/), ways[0]])
  })

  test('is sent nowhere where the client would take its credentials along', async () => {
    const { send, state } = await open({ SLIPWAY_PUBLIC_URL: 'https://127.0.0.2' })
    state.cdn = 'https://127.0.0.2:1/blob'
    const event = get(BLOB)
    const authorization = `Basic ${btoa('alice:secret')}`
    const known = await send({ ...event, headers: { ...event.headers, authorization } })
    expect([known.statusCode, known.headers?.location]).toEqual([503, undefined])
    expect((await send(event)).headers?.location).toBe(state.cdn)
  })

  test('goes on where no copy can be begun', async () => {
    const { send, state, events } = await open()
    state.lambda = 500
    expect((await send(get(BLOB))).headers?.location).toBe(CDN)
    expect(events).toEqual([])
  })

  test.each([get(BLOB), head(BLOB)])(
    'waits for a small blob where the upstream sends clients nowhere',
    async (event) => {
      const { send, events, state, store, upstream } = await open()
      state.redirects = false
      expect((await send(event)).headers?.location).toContain('X-Amz-Signature')
      expect(events).toEqual([])
      expect(
        await store.head(claimKey({ digest: DIGEST, origin: upstream.origin })),
      ).toBeUndefined()
    },
  )

  test('comes again for a large one', async () => {
    const { send, fill, events, state } = await open()
    Object.assign(state, { redirects: false, length: 2 ** 30 })
    const waiting = await send(get(BLOB))
    expect([waiting.statusCode, waiting.headers?.['retry-after']]).toEqual([503, '10'])
    state.length = undefined
    await fill(events[0]!)
    expect((await send(get(BLOB))).headers?.location).toContain('X-Amz-Signature')
  })

  test('comes again for a small one that does not come whole', async () => {
    const { send, fill, events, state } = await open()
    Object.assign(state, { redirects: false, bytes: randomBytes(10) })
    expect((await send(get(BLOB))).statusCode).toBe(503)
    state.bytes = LAYER
    await fill(events[0]!)
    expect((await send(get(BLOB))).headers?.location).toContain('X-Amz-Signature')
  })

  test('comes again, too, where the copy of such a one cannot be handed on', async () => {
    const { send, state } = await open()
    Object.assign(state, { redirects: false, bytes: randomBytes(10), lambda: 500 })
    const { statusCode, headers } = await send(get(BLOB))
    expect([statusCode, headers?.['retry-after']]).toEqual([503, '10'])
  })

  test('is sent to the host that streams, where there is one, with a right to this blob alone', async () => {
    const { send, state, events } = await open({ SLIPWAY_UPLOAD_ORIGIN: 'https://push.example' })
    state.redirects = false
    const { statusCode, headers } = await send(get(BLOB))
    const url = new URL(`${headers?.location}`)
    expect([statusCode, url.origin, url.pathname]).toEqual([307, 'https://push.example', BLOB])
    expect(url.searchParams.get('_pull')).toMatch(/^[\w.-]+$/)
    // That one stores it.
    expect(events).toEqual([])
  })

  test('of what the upstream does not have is unknown', async () => {
    const { send, state } = await open()
    state.redirects = false
    const { statusCode, body } = await send(get(`/v2/up/team/app/blobs/${sha256('x')}`))
    expect([statusCode, code(body)]).toEqual([404, 'BLOB_UNKNOWN'])
  })

  test('by a ticket needs no credentials, for its blob and for its time', async () => {
    const { send, state, env } = await open({ SLIPWAY_UPLOAD_ORIGIN: 'https://push.example' })
    state.redirects = false
    const { headers } = await send(get(BLOB))
    const { search } = new URL(`${headers?.location}`)
    const api = createApi({ ...env, SLIPWAY_AUTH: 'basic' })
    const closed = (event: APIGatewayProxyEventV2) => api(event, {} as Context)
    expect((await closed(withQuery(BLOB))).statusCode).toBe(401)
    expect((await closed(withQuery(`${BLOB}${search}`))).statusCode).toBe(307)
    const other = `/v2/up/team/app/blobs/${sha256(CONFIG)}${search}`
    expect((await closed(withQuery(other))).statusCode).toBe(401)
    expect((await closed(withQuery(`${BLOB}${search}x`))).statusCode).toBe(401)
  })
})

describe('the Web Function', () => {
  /** It wants log-ins, and gets the path of a redirect. */
  const openWeb = async () => {
    const opened = await open({ SLIPWAY_UPLOAD_ORIGIN: 'https://push.example' })
    opened.state.redirects = false
    const { SLIPWAY_UPLOAD_ORIGIN: _, ...env } = opened.env
    const running = await startWebFunction({
      ...env,
      SLIPWAY_AUTH: 'basic',
      AWS_LAMBDA_HTTP_ENDPOINT: '127.0.0.1:0',
    })
    onTestFinished(() => running.stop())
    const origin = `http://127.0.0.1:${running.port}`
    const follow = async (event: APIGatewayProxyEventV2, headers = {}) => {
      const { location } = (await opened.send(event)).headers ?? {}
      const { pathname, search } = new URL(`${location}`)
      return fetch(`${origin}${pathname}${search}`, { headers, redirect: 'manual' })
    }
    return { ...opened, origin, follow }
  }

  test('streams a blob to who was sent there for it, and stores it once', async () => {
    const { follow, origin, asked, events, send, state } = await openWeb()
    expect((await fetch(`${origin}${BLOB}`)).status).toBe(401)
    asked()
    const blob = await follow(get(BLOB))
    expect([blob.status, blob.headers.get('content-length')]).toEqual([200, `${LAYER.length}`])
    expect(Buffer.from(await blob.arrayBuffer()).equals(LAYER)).toBe(true)
    // Once by each function.
    expect(asked()).toEqual(Array.from({ length: 2 }, () => `GET ${BLOB.replace('/up/', '/')}`))
    expect(events).toEqual([])
    state.away = true
    await until(async () => {
      const { headers } = await send(get(BLOB))
      return `${headers?.location}`.includes('X-Amz-Signature')
    })
  })

  test('sends who comes by itself to where the upstream does, too', async () => {
    const { state, events, env } = await openWeb()
    state.redirects = true
    const running = await startWebFunction({ ...env, AWS_LAMBDA_HTTP_ENDPOINT: '127.0.0.1:0' })
    onTestFinished(() => running.stop())
    const pull = () => fetch(`http://127.0.0.1:${running.port}${BLOB}`, { redirect: 'manual' })
    const sent = await pull()
    expect([sent.status, sent.headers.get('location')]).toEqual([307, CDN])
    expect(events).toHaveLength(1)
  })

  test('has one copied that it has no room for', async () => {
    const { follow, state, events } = await openWeb()
    state.length = 2 ** 30
    const blob = await follow(get(BLOB))
    expect([blob.status, blob.headers.get('retry-after')]).toEqual([503, '10'])
    expect(events).toEqual([{ name: 'up/team/app', digest: DIGEST, claim: expect.any(String) }])
  })
})

describe('a copy', () => {
  test('of what is wrong is no error, and leaves nothing', async () => {
    const { send, fill, events, state, store, upstream } = await open()
    await send(get(BLOB))
    Object.assign(state, { redirects: false, bytes: randomBytes(10) })
    await fill(events[0]!)
    const { objects } = await store.list('docker/')
    expect(objects).toEqual([])
    expect(await store.head(claimKey({ digest: DIGEST, origin: upstream.origin }))).toBeDefined()
  })

  test('whose time is over is an error, which the alarm tells of', async () => {
    const { send, fill, events, state } = await open()
    await send(get(BLOB))
    Object.assign(state, { redirects: false, length: LAYER.length + 1 })
    // It ends its requests 15 s before.
    await expect(fill(events[0]!, 15_050)).rejects.toThrow()
  })

  test('of a repository that comes from no upstream any more is none', async () => {
    const { send, fill, events, store, asked } = await open()
    await send(get(BLOB))
    asked()
    await store.put(UPSTREAMS_KEY, Buffer.from('{"version":1,"upstreams":[]}'))
    await fill(events[0]!)
    expect(asked()).toEqual([])
  })

  test('is of a repository by its one name here', async () => {
    const { send, fill, events, store, asked, upstream } = await open()
    await send(get(BLOB))
    asked()
    const entry = { name: 'up', host: 'docker.io', prefix: 'up', url: upstream.origin }
    const upstreams = [{ ...entry, private: ['127.0.0.1'] }]
    await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
    await fill({ ...events[0]!, name: 'up/nginx' })
    expect(asked()).toEqual([])
    await fill({ ...events[0]!, name: 'up/library/nginx' })
    expect(asked()).toEqual([`GET /v2/library/nginx/blobs/${DIGEST}`])
  })

  test.each([
    {},
    { name: 'A', digest: DIGEST, claim: 'x' },
    { name: 'a', digest: 'x', claim: 'x' },
  ])('of %o is an error', async (event) => {
    const { fill } = await open()
    await expect(fill(event)).rejects.toThrow('names no blob')
  })
})

describe('settings that cannot be used', () => {
  // It has no clients, and sends nobody anywhere.
  const wrong = WRONG.filter(([env]) => env.SLIPWAY_PUBLIC_URL === undefined)
  test.each(wrong)('%o', async (env, message) => {
    await expect(createHandler(env)({}, context)).rejects.toThrow(message)
  })
})
