/**
 * Pull-through as clients see it: on the Node server, over HTTP.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { POLICY_KEY, UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'
import { until } from '../support/until.ts'
import { CONFIG, IMAGE, serve, sha256 } from './upstream.ts'

const LAYER = randomBytes(300_000)
const BLOBS = new Map([CONFIG, LAYER].map((bytes) => [sha256(bytes) as string, bytes]))
const WRONG = sha256('wrong')
/** What the upstream does not say the length of. */
const WITHOUT_LENGTH = { right: sha256('right'), wrong: sha256('another') }

const SIGNATURE = {
  mediaType: OCI_MANIFEST,
  digest: sha256('signature'),
  size: 9,
  artifactType: 'application/example',
}
const indexOf = (manifests: readonly object[]): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))

/** An upstream with one image, `team/app:v1`, and a server that has it as `up/…`. */
const open = async (policy?: object, flags: readonly string[] = []) => {
  const state = { away: false, api: true }
  const upstream = await serve((request, response) => {
    const { method } = request
    // Docker Hub's.
    const url = (request.url ?? '').replace('/library/', '/team/')
    const [, , ...rest] = url.split('/')
    const [kind, reference = ''] = rest.slice(-2)
    const send = (bytes: Buffer, headers: Record<string, string>) =>
      void response
        .writeHead(200, { 'content-length': bytes.length, ...headers })
        .end(method === 'HEAD' ? undefined : bytes)
    if (state.away) return void response.writeHead(503).end()
    if (url === '/v2/') return send(Buffer.from('{}'), {})
    if (!url.startsWith('/v2/team/app/')) return void response.writeHead(404).end()
    if (url.startsWith('/v2/team/app/tags/list')) {
      const after = new URL(url, 'http://x').searchParams.get('last') ?? ''
      const tags = ['v2', 'v1', 'v10'].filter((tag) => after === '' || tag > after)
      return send(Buffer.from(JSON.stringify({ name: 'team/app', tags })), {})
    }
    if (kind === 'blobs' && Object.values<string>(WITHOUT_LENGTH).includes(reference)) {
      response.write('')
      response.flushHeaders()
      return void response.end(reference === WITHOUT_LENGTH.right ? 'right' : 'wrong')
    }
    if (kind === 'referrers' && state.api) {
      return send(indexOf(reference === sha256(IMAGE) ? [SIGNATURE] : []), {})
    }
    if (kind === 'manifests' && reference === sha256(IMAGE).replace(':', '-')) {
      return send(indexOf([SIGNATURE]), { 'content-type': OCI_INDEX })
    }
    if (kind === 'manifests' && ['v1', sha256(IMAGE)].includes(reference)) {
      return send(IMAGE, { 'content-type': OCI_MANIFEST, 'docker-content-digest': sha256(IMAGE) })
    }
    if (reference === WRONG) return send(LAYER, {})
    const blob = BLOBS.get(reference)
    if (kind === 'blobs' && blob) return send(blob, {})
    response.writeHead(404).end()
  })
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const document = {
    version: 1,
    upstreams: [
      {
        name: 'up',
        host: 'up.example',
        prefix: 'up',
        url: upstream.origin,
        private: ['127.0.0.1'],
      },
      {
        name: 'hub',
        host: 'docker.io',
        prefix: 'hub',
        url: upstream.origin,
        private: ['127.0.0.1'],
      },
    ],
  }
  const store = openFileStore(path)
  await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify(document)))
  if (policy) await store.put(POLICY_KEY, Buffer.from(JSON.stringify(policy)))
  const env = {
    SLIPWAY_STORE: `file:${path}`,
    SLIPWAY_AUTH: policy ? 'basic' : 'off',
    SLIPWAY_LOG_LEVEL: 'silent',
  }
  const { url, stop, metricsUrl } = await startServer(
    readSettings(['--listen=127.0.0.1:0', ...flags], env),
    env,
  )
  onTestFinished(stop)
  const get = (target: string, init: RequestInit = {}) => fetch(new URL(target, url), init)
  const asked = () =>
    upstream.requests.splice(0).flatMap(({ line }) => (line === 'GET /v2/' ? [] : [line]))
  return { get, asked, state, url, metricsUrl }
}

const APP = '/v2/up/team/app'
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

/** Sends a request of HTTP/1.0. @returns the response, and how the connection ended */
const getPlainly = (url: string | URL) =>
  new Promise<{ readonly text: string; readonly end: string }>((resolve) => {
    const { hostname, port, pathname } = new URL(url)
    let text = ''
    let end = 'closed'
    const socket = connect(Number(port), hostname, () =>
      socket.write(`GET ${pathname} HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`),
    )
    socket
      .on('data', (bytes) => {
        text += bytes
      })
      .on('error', (error) => {
        end = String(Reflect.get(error, 'code'))
      })
      .on('close', () => resolve({ text, end }))
  })

describe('a pull', () => {
  test('of an image goes through once, and then needs no upstream', async () => {
    const { get, asked, state } = await open()
    for (let count = 0; count < 2; count++) {
      const manifest = await get(`${APP}/manifests/v1`)
      expect(manifest.status).toBe(200)
      expect(manifest.headers.get('docker-content-digest')).toBe(sha256(IMAGE))
      expect(manifest.headers.get('warning')).toBeNull()
      expect(await bytesOf(manifest)).toEqual(IMAGE)
      for (const [digest, bytes] of BLOBS) {
        const blob = await get(`${APP}/blobs/${digest}`)
        expect([blob.status, blob.headers.get('content-length')]).toEqual([200, `${bytes.length}`])
        expect((await bytesOf(blob)).equals(bytes)).toBe(true)
        // It is stored while clients get it.
        await until(async () => {
          const range = { headers: { range: 'bytes=0-0' } }
          const stored = await get(`${APP}/blobs/${digest}`, range)
          return (await bytesOf(stored)).length === 1
        })
      }
      state.away = true
    }
    expect(
      asked()
        .filter((line) => line.startsWith('GET'))
        .toSorted(),
    ).toEqual(
      [
        'GET /v2/team/app/manifests/v1',
        ...[...BLOBS.keys()].map((digest) => `GET /v2/team/app/blobs/${digest}`),
      ].toSorted(),
    )
  })

  test('by digest, by HEAD, with If-None-Match, by Range', async () => {
    const { get } = await open()
    const byDigest = await get(`${APP}/manifests/${sha256(IMAGE)}`, { method: 'HEAD' })
    expect([byDigest.status, byDigest.headers.get('content-length')]).toEqual([
      200,
      `${IMAGE.length}`,
    ])
    const target = `${APP}/blobs/${sha256(LAYER)}`
    const head = await get(target, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, `${LAYER.length}`])
    const known = await get(target, { headers: { 'if-none-match': `"${sha256(LAYER)}"` } })
    expect(known.status).toBe(304)
    const part = await get(target, { headers: { range: 'bytes=10-19' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-19/${LAYER.length}`,
    ])
    expect(await bytesOf(part)).toEqual(LAYER.subarray(10, 20))
  })

  test('outside of a blob is refused', async () => {
    const { get } = await open()
    const outside = await get(`${APP}/blobs/${sha256(CONFIG)}`, {
      headers: { range: 'bytes=9999-' },
    })
    expect([outside.status, outside.headers.get('content-range')]).toEqual([
      416,
      `bytes */${CONFIG.length}`,
    ])
  })

  test('of a blob that is another ends as an error', async () => {
    const { get } = await open()
    await expect(get(`${APP}/blobs/${WRONG}`).then(bytesOf)).rejects.toThrow()
    expect((await get(`${APP}/blobs/${WRONG}`)).status).toBe(503)
  })

  test('of one without a length ends as an error for clients that know no chunks, too', async () => {
    const { url } = await open()
    const wrong = await getPlainly(new URL(`${APP}/blobs/${WITHOUT_LENGTH.wrong}`, url))
    expect(wrong.text).not.toMatch(/wrong$/)
    expect(wrong.end).toBe('ECONNRESET')
    const right = await getPlainly(new URL(`${APP}/blobs/${WITHOUT_LENGTH.right}`, url))
    expect(right.text).toMatch(/^HTTP\/1.1 200 .*\r\n\r\nright$/s)
    expect(right.text).not.toMatch(/^(cache-control|content-length|transfer-encoding):/im)
    expect(right.end).toBe('closed')
  })

  test.each([`${APP}/manifests/v9`, `${APP}/blobs/${sha256('x')}`, '/v2/up/other/manifests/v1'])(
    'of what is not there is 404: %s',
    async (target) => {
      const { get } = await open()
      const response = await get(target)
      expect(response.status).toBe(404)
      expect(await response.text()).toMatch(/cannot be had from up.example: it has no such thing/)
    },
  )

  test('from an upstream that is away is 503', async () => {
    const { get, state } = await open()
    state.away = true
    const response = await get(`${APP}/manifests/v1`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  })
})

describe('a namespace', () => {
  const target = '/v2/team/app/manifests/v1'

  test('leads to its upstream, in the query or a header', async () => {
    const { get } = await open()
    expect((await get(`${target}?ns=up.example`)).status).toBe(200)
    expect((await get(target, { headers: { 'oci-namespace': 'up.example' } })).status).toBe(200)
  })

  test('that is none is 404, and so is the name without one', async () => {
    const { get, asked } = await open()
    expect((await get(`${target}?ns=other.example`)).status).toBe(404)
    expect((await get(target)).status).toBe(404)
    expect(asked()).toEqual([])
  })
})

test('images of Docker Hub without a namespace are in library, however they are named', async () => {
  const { get, asked } = await open()
  for (const target of [
    '/v2/hub/app/manifests/v1',
    '/v2/hub/library/app/manifests/v1',
    '/v2/app/manifests/v1?ns=docker.io',
    '/v2/app/manifests/v1?ns=index.docker.io',
    '/v2/library/app/manifests/v1?ns=registry-1.docker.io',
  ]) {
    expect([target, (await get(target)).status]).toEqual([target, 200])
  }
  expect(asked()).toEqual(['GET /v2/library/app/manifests/v1'])
  expect((await get('/v2/hub/app/blobs/uploads/', { method: 'POST' })).status).toBe(405)
  const list = await get('/v2/hub/app/tags/list')
  expect(await list.json()).toMatchObject({ name: 'hub/library/app' })
})

describe('lists', () => {
  test('of tags have what is there and what is here, in order and in pages', async () => {
    const { get } = await open()
    await get(`${APP}/manifests/v1`)
    const first = await get(`${APP}/tags/list?n=2`)
    expect(await first.json()).toEqual({ name: 'up/team/app', tags: ['v1', 'v10'] })
    expect(first.headers.get('link')).toBe('</v2/up/team/app/tags/list?last=v10&n=2>; rel="next"')
    const second = await get(`${APP}/tags/list?last=v10&n=2`)
    expect(await second.json()).toMatchObject({ tags: ['v2'] })
    expect(second.headers.get('link')).toBeNull()
  })

  test('of tags are those that are here while the upstream is away', async () => {
    const { get, state } = await open()
    await get(`${APP}/manifests/v1`)
    state.away = true
    const list = await get(`${APP}/tags/list`)
    expect(await list.json()).toMatchObject({ tags: ['v1'] })
    expect(list.headers.get('warning')).toMatch(/^299 - "up.example does not respond/)
  })

  test('of tags of what is nowhere are 404', async () => {
    const { get } = await open()
    expect((await get('/v2/up/other/tags/list')).status).toBe(404)
  })

  test.each(['the API', 'the fallback tag'])('of referrers, by %s', async (way) => {
    const { get, state } = await open()
    state.api = way === 'the API'
    const referrers = async (query = '') => {
      const response = await get(`${APP}/referrers/${sha256(IMAGE)}${query}`)
      const { manifests } = (await response.json()) as { readonly manifests: readonly unknown[] }
      return manifests
    }
    expect(await referrers()).toEqual([SIGNATURE])
    expect(await referrers('?artifactType=application/example')).toEqual([SIGNATURE])
    expect(await referrers('?artifactType=application/other')).toEqual([])
    state.away = true
    expect(await referrers()).toEqual([SIGNATURE])
  })
})

test.each([
  ['PUT', `${APP}/manifests/v1`],
  ['PUT', `${APP}/manifests/${sha256(IMAGE)}`],
  ['POST', `${APP}/blobs/uploads/`],
  ['POST', `${APP}/blobs/uploads/?mount=${sha256(LAYER)}&from=own/app`],
  ['POST', `${APP}/blobs/uploads/?digest=${sha256(LAYER)}`],
  // The namespace of a mirror says nothing of where a push goes.
  ['PUT', `${APP}/manifests/v1?ns=other.example`],
])('a push is refused, with what to do instead: %s %s', async (method, target) => {
  const { get } = await open()
  const response = await get(target, { method, body: method === 'PUT' ? IMAGE : null })
  expect(response.status).toBe(405)
  expect(await response.text()).toMatch(/is a copy of what up.example has: push there/)
})

test.each<[what: string, repositories: readonly string[], status: number]>([
  ['may not fetch', ['up/**'], 404],
  ['may fetch this', ['up/other/**'], 200],
])('who %s gets what is here', async (_, repositories, status) => {
  const rule = { who: ['anonymous'], repositories }
  const { get, asked } = await open({
    version: 1,
    rules: [
      { ...rule, actions: ['fetch'], effect: 'deny' },
      { ...rule, repositories: ['up/**'], actions: ['pull'] },
    ],
  })
  expect((await get(`${APP}/manifests/v1`)).status).toBe(status)
  expect(asked().length > 0).toBe(status === 200)
  expect((await get('/v2/private/app/manifests/v1')).status).toBe(401)
  // What there is of other hosts is nobody's business who may not pull.
  expect((await get('/v2/private/app/manifests/v1?ns=other.example')).status).toBe(401)
  expect((await get('/v2/up/app/manifests/v1?ns=other.example')).status).toBe(404)
})

test('what becomes of pulls is counted', async () => {
  const { get, state, metricsUrl } = await open(undefined, ['--metrics=:0'])
  for (const tag of ['v1', 'v1', 'v9']) await get(`${APP}/manifests/${tag}`)
  const target = `${APP}/blobs/${sha256(LAYER)}`
  await bytesOf(await get(target))
  await until(async () => (await bytesOf(await get(target))).length === LAYER.length)
  state.away = true
  await get(`${APP}/blobs/${sha256(CONFIG)}`)
  let metrics = ''
  const of = (name: string) =>
    metrics.split('\n').filter((line) => line.startsWith(`slipway_upstream_${name}`))
  const saved = () => Number(of('saved_bytes_total')[0]?.split(' ')[1])
  await until(async () => {
    metrics = await (await fetch(`${metricsUrl}/metrics`)).text()
    return of('fetches').join() === 'slipway_upstream_fetches 0'
  })
  expect(of('pulls_total').filter((line) => !line.includes('"shared"'))).toEqual(
    expect.arrayContaining([
      'slipway_upstream_pulls_total{kind="manifest",result="miss"} 1',
      'slipway_upstream_pulls_total{kind="manifest",result="hit"} 1',
      'slipway_upstream_pulls_total{kind="manifest",result="failed"} 1',
      'slipway_upstream_pulls_total{kind="blob",result="miss"} 1',
      'slipway_upstream_pulls_total{kind="blob",result="failed"} 1',
    ]),
  )
  const savedBefore = saved()
  await bytesOf(await get(target))
  metrics = await (await fetch(`${metricsUrl}/metrics`)).text()
  expect(saved() - savedBefore).toBe(LAYER.length)
  // A look at the API, a manifest and a blob.
  expect(of('requests_total').toSorted()).toEqual([
    'slipway_upstream_requests_total{outcome="away",upstream="up"} 1',
    'slipway_upstream_requests_total{outcome="ok",upstream="up"} 3',
    'slipway_upstream_requests_total{outcome="unknown",upstream="up"} 1',
  ])
})

test('bytes that are saved are counted where clients are redirected to the store, too', async () => {
  const { server, env } = await startBucket()
  onTestFinished(() => server.close())
  const store = await openStore(readSettings([], env), env)
  const { origin } = await serve((request, response) => {
    response.end(request.url === '/v2/' ? '{}' : LAYER)
  })
  const entry = { name: 'up', host: 'up.example', prefix: 'up', url: origin }
  const upstreams = [{ ...entry, private: ['127.0.0.1'] }]
  await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
  const own = { ...env, SLIPWAY_AUTH: 'off', SLIPWAY_LOG_LEVEL: 'silent' }
  const flags = ['--listen=127.0.0.1:0', '--metrics=:0']
  const { url, stop, metricsUrl } = await startServer(readSettings(flags, own), own)
  onTestFinished(stop)
  const pull = () => fetch(new URL(`${APP}/blobs/${sha256(LAYER)}`, url), { redirect: 'manual' })
  await bytesOf(await pull())
  await until(async () => {
    const { status, body } = await pull()
    await body?.cancel()
    return status === 307
  })
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text()
  expect(metrics).toMatch(new RegExp(`^slipway_upstream_saved_bytes_total ${LAYER.length}$`, 'm'))
})

test('a repository of its own is pushed to and pulled from', async () => {
  const { get, asked } = await open()
  expect((await get('/v2/own/app/blobs/uploads/', { method: 'POST' })).status).toBe(202)
  expect(asked()).toEqual([])
})

test('of a document that cannot be read, what is here is served, and all else is 503', async () => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const store = openFileStore(path)
  const registry = createRegistry({ store, uploadSecret: async () => Buffer.alloc(32) })
  const digest = sha256(IMAGE)
  await registry.manifests.push('own/app', { tag: 'v1' }, IMAGE, OCI_MANIFEST, { fetched: true })
  await store.put(UPSTREAMS_KEY, Buffer.from('version: 2\n'))
  const env = { SLIPWAY_STORE: `file:${path}`, SLIPWAY_AUTH: 'off', SLIPWAY_LOG_LEVEL: 'silent' }
  const { url, stop } = await startServer(readSettings(['--listen=127.0.0.1:0'], env), env)
  onTestFinished(stop)
  const ask = async (line: string) => {
    const [method = '', target = ''] = line.split(' ')
    const body = method === 'PUT' ? IMAGE : null
    const response = await fetch(new URL(target, url), { method, body })
    return { status: response.status, text: await response.text() }
  }
  for (const [line, status] of [
    ['GET /v2/own/app/manifests/v1', 200],
    [`GET /v2/own/app/manifests/${digest}`, 200],
    ['GET /v2/own/app/tags/list', 200],
    ['GET /v2/own/app/manifests/v2', 503],
    [`GET /v2/own/app/manifests/${WRONG}`, 503],
    [`GET /v2/own/app/blobs/${WRONG}`, 503],
    ['GET /v2/app/manifests/v1?ns=docker.io', 503],
    ['PUT /v2/own/app/manifests/v1', 503],
    ['POST /v2/own/app/blobs/uploads/', 503],
  ] as const) {
    const answer = await ask(line)
    expect([line, answer.status]).toEqual([line, status])
    if (status === 503) expect(answer.text).toMatch(/the upstreams cannot be read at the moment/)
  }
  // As soon as it is right, all is as usual.
  await store.put(UPSTREAMS_KEY, Buffer.from('version: 1\nupstreams: []\n'))
  await until(async () => (await ask('GET /v2/own/app/manifests/v2')).status === 404)
})
