/**
 * Registries that are upstreams of themselves, or of each other.
 *
 * @module
 */

import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { pseudonymOf, viaAfter } from '../../functions/upstreams/client/via.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { CONFIG, IMAGE, serve, sha256 } from './upstream.ts'

const OWN = pseudonymOf(Buffer.from('a'))
/** A name that somebody made up. */
const invented = (at: number): string => `1.1 slipway-${String(at).padStart(12, '0')}`
const OTHER = pseudonymOf(Buffer.from('b'))

test.each<[what: string, via: string | undefined, after: string | undefined]>([
  ['from a client', undefined, `1.1 ${OWN}`],
  ['from another', `1.1 ${OTHER}`, `1.1 ${OTHER}, 1.1 ${OWN}`],
  [
    'through proxies, of which nothing is passed on',
    `2.0 abc.cloudfront.net (CloudFront), 1.1 ${OTHER},1.1 inner`,
    `1.1 ${OTHER}, 1.1 ${OWN}`,
  ],
  ['through too many', Array.from({ length: 9 }, (_, at) => invented(at)).join(), undefined],
  ['that was here', `1.1 ${OWN}, 1.1 ${OTHER}, 1.1 front`, undefined],
])('a request %s', (_, via, after) => expect(viaAfter(OWN, via)).toBe(after))

/** Something in front of a server that is started later. It notes what is asked. @param wait before it passes that on */
const openFront = async (wait: (line: string) => Promise<unknown> = async () => {}) => {
  let target = ''
  const front = await serve(async (incoming, outgoing) => {
    const { method = 'GET', headers } = incoming
    await wait(`${method} ${incoming.url}`)
    request(new URL(incoming.url ?? '', target), { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers)
      response.pipe(outgoing)
    }).end()
  })
  const point = (url: URL | string): void => {
    target = String(url)
  }
  return { ...front, point }
}

/** A registry that has everything from an upstream. */
const start = async (origin: string, more: object = {}): Promise<URL> => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const upstream = { name: 'up', host: 'up.example', prefix: '', url: origin }
  const document = { version: 1, upstreams: [{ ...upstream, private: ['127.0.0.1'], ...more }] }
  await openFileStore(path).put(UPSTREAMS_KEY, Buffer.from(JSON.stringify(document)))
  const env = {
    SLIPWAY_STORE: `file:${path}`,
    SLIPWAY_AUTH: 'off',
    SLIPWAY_LOG_LEVEL: 'silent',
  }
  const { url, stop } = await startServer(readSettings(['--listen=127.0.0.1:0'], env), env)
  onTestFinished(stop)
  return new URL(url)
}

const PATHS = [
  '/v2/app/manifests/v1',
  `/v2/app/manifests/${sha256('x')}`,
  `/v2/app/blobs/${sha256('x')}`,
  '/v2/app/tags/list',
]

/** Waits for so many to wait for it. */
const createMeeting = (count: number) => {
  let left = count
  const { promise, resolve } = Promise.withResolvers<void>()
  return () => {
    left -= 1
    if (left === 0) resolve()
    return promise
  }
}

test.each(PATHS)('its own upstream is asked once: %s', async (path) => {
  const front = await openFront()
  const url = await start(front.origin)
  front.point(url)
  expect((await fetch(new URL(path, url))).status).toBe(404)
  const asked = front.lines().filter((line) => line !== 'GET /v2/')
  expect(asked.map((line) => line.split('?')[0])).toEqual([`GET ${path}`])
})

test.each(PATHS)('two that name each other are asked once each: %s', async (path) => {
  const [left, right] = [await openFront(), await openFront()]
  const urls = [await start(right.origin), await start(left.origin)] as const
  left.point(urls[0])
  right.point(urls[1])
  expect((await fetch(new URL(path, urls[0]))).status).toBe(404)
  for (const { lines } of [left, right]) {
    const asked = lines().filter((line) => line !== 'GET /v2/')
    // Whether by GET or HEAD.
    expect(asked.map((line) => line.split(/[ ?]/)[1])).toEqual([path])
  }
})

test.each(PATHS)('all in a ring, asked at once, do not wait for each other: %s', async (path) => {
  for (const count of [2, 3]) {
    const meet = createMeeting(count)
    // What the second client is asked for is under way at each when the first of the others comes.
    const wait = async (line: string) => (line === 'GET /v2/' ? undefined : meet())
    const fronts = await Promise.all(Array.from({ length: count }, () => openFront(wait)))
    const urls = await Promise.all(fronts.map((_, at) => start(fronts[(at + 1) % count]!.origin)))
    for (const [at, { point }] of fronts.entries()) point(urls[at]!)
    const all = urls.map(async (url) => (await fetch(new URL(path, url))).status)
    // After a wait it would be 503.
    expect(await Promise.all(all)).toEqual(Array(count).fill(404))
  }
})

test.each(PATHS)(
  'two that name each other wait for no connection of each other: %s',
  async (path) => {
    const meet = createMeeting(2)
    // Both have the only one in use when the first request of the other comes.
    const wait = async (line: string) => (line === 'GET /v2/' ? undefined : meet())
    const [left, right] = [await openFront(wait), await openFront(wait)]
    const more = { connections: 1 }
    const urls = [await start(right.origin, more), await start(left.origin, more)] as const
    left.point(urls[0])
    right.point(urls[1])
    const all = urls.map(async (url) => (await fetch(new URL(path, url))).status)
    // After a wait it would be 503.
    expect(await Promise.all(all)).toEqual([404, 404])
  },
)

test('what an upstream says to a request that names it is for nobody else', async () => {
  const it = 'slipway-0123456789ab'
  const { origin } = await serve(({ url = '', method, headers }, response) => {
    if (url === '/v2/') return void response.end('{}')
    if (headers.via?.includes(it)) return void response.writeHead(404).end()
    const [bytes, type] = url.includes('/tags/')
      ? ['{"tags":["v1"]}', 'application/json']
      : url.includes('/blobs/')
        ? [CONFIG, 'application/octet-stream']
        : [IMAGE, OCI_MANIFEST]
    response.writeHead(200, { 'content-type': type }).end(method === 'HEAD' ? undefined : bytes)
  })
  const url = await start(origin)
  const paths = [
    '/v2/app/manifests/v1',
    `/v2/app/manifests/${sha256(IMAGE)}`,
    `/v2/app/blobs/${sha256(CONFIG)}`,
    '/v2/app/tags/list',
  ]
  const status = async (path: string, via?: string) => {
    const response = await fetch(new URL(path, url), via === undefined ? {} : { headers: { via } })
    await response.arrayBuffer()
    return response.status
  }
  for (const path of paths.toReversed()) {
    for (let count = 0; count < 2; count++) expect(await status(path, `1.1 ${it}`)).toBe(404)
    expect(await status(path)).toBe(200)
  }
})
