/**
 * Where an upstream sends clients for a blob, and where it may not.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import { askAt, routeTo, serve, sha256 } from './upstream.ts'

const DIGEST = sha256('blob')
const PATH = `/v2/app/blobs/${DIGEST}`
const CDN = 'https://127.0.0.1:1/blob?signed=a%2Fb'

type Give = (response: ServerResponse, request: IncomingMessage) => void

const redirect =
  (location: string): Give =>
  (response) =>
    void response.writeHead(307, { location }).end()
const ok: Give = (response) => void response.writeHead(200, { 'content-length': 4 }).end('blob')

/** An upstream that asks for Basic, and gives these at a path. */
const open = async (paths: Readonly<Record<string, Give>>, more: object = {}) => {
  const upstream = await serve((request, response) => {
    const { authorization } = request.headers
    const path = request.url ?? ''
    if (path.startsWith('/v2/') && authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    }
    if (path === '/v2/') return void response.end('{}')
    const give = paths[path]
    if (give) return give(response, request)
    response.writeHead(404).end()
  })
  const credentials = { credentials: 'env:SLIPWAY_UPSTREAM_X' }
  const { repository } = askAt(upstream.origin, { ...credentials, ...more })
  const locate = async (method: 'GET' | 'HEAD' = 'GET') =>
    (await repository.locate(DIGEST, method)).url?.href
  return { ...upstream, locate }
}

test.each(['GET', 'HEAD'] as const)(
  '%s leads to the CDN, as the upstream spells it',
  async (method) => {
    const { locate, requests } = await open({ [PATH]: redirect(`${CDN}#part`) })
    expect(await locate(method)).toBe(CDN)
    expect(requests.at(-1)?.line).toBe(`${method} ${PATH}`)
  },
)

test('a redirect at its own host is followed, without credentials', async () => {
  const { locate, requests } = await open({ [PATH]: redirect('/next'), '/next': redirect(CDN) })
  expect(await locate()).toBe(CDN)
  const { line, headers } = requests.at(-1)!
  expect([line, headers.authorization]).toEqual(['GET /next', undefined])
})

test('which way the request has come is said at each step', async () => {
  const steps: Readonly<Record<string, Give>> = {
    [PATH]: redirect('/next'),
    '/next': redirect(CDN),
  }
  const { origin, requests } = await serve((request, response) => {
    const give = steps[request.url ?? '']
    if (give) return give(response, request)
    response.end('{}')
  })
  const via = '1.1 slipway-0123456789ab'
  const { repository } = createAsking({ readSecret: async () => '' })({ ...routeTo(origin), via })
  await repository.locate(DIGEST, 'GET')
  const asked = requests.filter(({ line }) => line !== 'GET /v2/')
  expect(asked.map(({ headers }) => headers.via)).toEqual([via, via])
})

test.each<[string, Readonly<Record<string, Give>>]>([
  ['the upstream sends it itself', { [PATH]: ok }],
  ['the address is not https', { [PATH]: redirect('http://127.0.0.1:1/blob') }],
  ['its own address is not https', { [PATH]: redirect('/next'), '/next': ok }],
  ['its own address wants to know who asks', { [PATH]: redirect('/v2/next') }],
])('it leads nowhere where %s', async (_, paths) => {
  const { locate } = await open(paths)
  expect(await locate()).toBeUndefined()
})

test.each<[string, Readonly<Record<string, Give>>, string]>([
  [
    'a private address that is not named',
    { [PATH]: redirect('https://169.254.169.254/x') },
    'wrong',
  ],
  ['a user', { [PATH]: redirect('https://a:b@127.0.0.1:1/x') }, 'wrong'],
  ['no address', { [PATH]: redirect('file:///etc/passwd') }, 'wrong'],
  ['itself', { [PATH]: redirect('/next'), '/next': redirect('/next') }, 'wrong'],
  ['nothing', {}, 'unknown'],
  ['an error', { [PATH]: (response) => void response.writeHead(503).end() }, 'away'],
])('a redirect to %s is refused', async (_, paths, failure) => {
  const { locate } = await open(paths)
  await expect(locate()).rejects.toMatchObject({ failure })
})
