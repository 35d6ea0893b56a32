/**
 * What upstreams are asked, and every way in which one can be a bad one.
 *
 * @module
 */

import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { isPinned } from '../../functions/upstreams/client/realm.ts'
import { nextOf } from '../../functions/upstreams/client/request.ts'
import { until } from '../support/until.ts'
import { askAt, CONFIG, IMAGE, serve, serveContent, sha256 } from './upstream.ts'

const DIGEST = sha256(IMAGE)
const BLOB = Buffer.from('0123456789')
/** For those that are waited for. */
const SHORT = { patience: { head: 50, body: 60_000 } }
const STILL = { patience: { head: 60_000, body: 50 } }
const TAG = { tag: 'v1' }

const failure = (kind: string, message: RegExp = /./) =>
  expect.objectContaining({ failure: kind, message: expect.stringMatching(message) })

describe('a plain upstream', () => {
  const content = {
    'app/manifests/v1': IMAGE,
    [`app/manifests/${DIGEST}`]: IMAGE,
    [`app/blobs/${sha256(BLOB)}`]: BLOB,
    'app/tags/list?n=2': '{"name":"app","tags":["v1","v2",3,"no tag"]}',
    'app/tags/list?n=2&last=v2': '{"name":"app","tags":null}',
    [`app/referrers/${DIGEST}`]: '{"schemaVersion":2}',
  }
  const open = async () => askAt((await serveContent(content)).origin).repository

  test('a manifest by tag and by digest', async () => {
    const app = await open()
    const expected = { digest: DIGEST, bytes: IMAGE, mediaType: OCI_MANIFEST, etag: `"${DIGEST}"` }
    expect(await app.manifest(TAG)).toEqual(expected)
    expect(await app.manifest({ digest: DIGEST })).toEqual(expected)
    expect(await app.head(TAG)).toEqual({ digest: DIGEST, etag: `"${DIGEST}"` })
  })

  test('a blob', async () => {
    const app = await open()
    expect(await app.stat(sha256(BLOB))).toBe(10)
    const { size, start, body } = await app.blob(sha256(BLOB))
    expect([size, start]).toEqual([10, 0])
    expect(await buffer(body)).toEqual(BLOB)
  })

  test('one that knows no ranges begins at the beginning', async () => {
    const { start, drop } = await (await open()).blob(sha256(BLOB), 4)
    expect(start).toBe(0)
    drop()
  })

  test('tags, without what is none', async () => {
    const app = await open()
    expect(await app.tags(2)).toEqual({ tags: ['v1', 'v2'], more: false })
    expect(await app.tags(2, 'v2')).toEqual({ tags: [], more: false })
  })

  test('referrers, or no such API', async () => {
    const app = await open()
    expect(String(await app.referrers(DIGEST))).toBe('{"schemaVersion":2}')
    expect(await app.referrers(sha256('other'))).toBeUndefined()
  })

  test('what is not there', async () => {
    const app = await open()
    await expect(app.manifest({ tag: 'v9' })).rejects.toEqual(failure('unknown', /404.*v9 of app/))
    await expect(app.blob(sha256('other'))).rejects.toEqual(failure('unknown'))
  })
})

test('a tag that has not changed is not sent', async () => {
  const { origin } = await serveContent({
    'app/manifests/v1': ({ headers }, response) => {
      response.writeHead(headers['if-none-match'] === '"a"' ? 304 : 200).end()
    },
  })
  const { repository } = askAt(origin)
  expect(await repository.head(TAG, '"a"')).toBeUndefined()
  expect(await repository.head(TAG, '"b"')).toEqual({ digest: undefined, etag: undefined })
})

test('the rest of a blob', async () => {
  const { origin } = await serveContent({
    [`app/blobs/${sha256(BLOB)}`]: ({ headers }, response) => {
      expect(headers.range).toBe('bytes=4-')
      response.writeHead(206, { 'content-range': 'bytes 4-9/10' }).end(BLOB.subarray(4))
    },
  })
  const { start, size, body } = await askAt(origin).repository.blob(sha256(BLOB), 4)
  expect([start, size, String(await buffer(body))]).toEqual([4, 10, '456789'])
})

describe('bad upstreams:', () => {
  type Answer = Parameters<typeof serve>[0]
  type Options = Parameters<typeof askAt>[2]
  const answers =
    (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
    (_, response) =>
      void response.writeHead(status, headers).end(body)

  test.each<[what: string, answer: Answer, kind: string, message?: RegExp, options?: Options]>([
    ['500', answers(500), 'away', /up.example responded 500/],
    ['503', answers(503), 'away'],
    ['403', answers(403), 'denied'],
    ['401 without a challenge', answers(401), 'denied'],
    ['400', answers(400), 'denied'],
    ['429', answers(429), 'busy'],
    [
      'another manifest',
      answers(200, { 'docker-content-digest': sha256('x') }, '{}'),
      'wrong',
      /is to be sha256/,
    ],
    [
      'a declared size',
      answers(200, { 'content-length': '99999999' }, 'x'),
      'wrong',
      /more than 4194304 bytes/,
    ],
    ['gzip', answers(200, { 'content-encoding': 'gzip' }, 'x'), 'wrong', /not asked for: gzip/],
    [
      'a redirect to nowhere',
      answers(302, { location: 'ftp://a' }),
      'wrong',
      /redirects to no address/,
    ],
    [
      'redirects without end',
      answers(302, { location: '/v2/app/manifests/v1' }),
      'wrong',
      /without end/,
    ],
    [
      'a redirect inside',
      answers(302, { location: 'http://10.0.0.1/' }),
      'away',
      /private address/,
    ],
    [
      "a redirect to a machine's credentials",
      answers(302, { location: 'http://169.254.169.254/' }),
      'away',
      /private/,
    ],
    [
      'a body that ends early',
      (_, response) =>
        void response
          .writeHead(200, { 'content-length': '10' })
          .write('x', () => response.destroy()),
      'away',
    ],
    ['no response', (_, response) => void response.destroy(), 'away'],
    ['a slow first byte', () => {}, 'away', /does not respond within 50 ms/, SHORT],
    [
      'a body that stands still',
      (_, response) => void response.writeHead(200).write('x'),
      'away',
      /sends nothing for 50 ms/,
      STILL,
    ],
    [
      'a body without end',
      (_, response) => {
        response.writeHead(200)
        const more = () => response.write(Buffer.alloc(1 << 20), (error) => error || more())
        more()
      },
      'wrong',
      /more than 4194304 bytes/,
    ],
  ])('%s', async (_, answer, kind, message, options) => {
    const { origin } = await serve((request, response) =>
      request.url === '/v2/' ? void response.end('{}') : answer(request, response),
    )
    const { repository } = askAt(origin, {}, options)
    await expect(repository.manifest(TAG)).rejects.toEqual(failure(kind, message))
  })

  test('bytes of another digest', async () => {
    const { origin } = await serve((_, response) => void response.end('{}'))
    const asked = askAt(origin).repository.manifest({ digest: DIGEST })
    await expect(asked).rejects.toEqual(failure('wrong', /is to be sha256/))
  })

  test('another part of a blob', async () => {
    const { origin } = await serve((request, response) => {
      if (request.url === '/v2/') return void response.end()
      response.writeHead(206, { 'content-range': 'bytes 3-9/10' }).end('3456789')
    })
    const asked = askAt(origin).repository.blob(sha256(BLOB), 4)
    await expect(asked).rejects.toEqual(failure('wrong', /it sends something else/))
  })

  test('nobody there', async () => {
    const asked = askAt('http://127.0.0.1:1').repository.manifest(TAG)
    await expect(asked).rejects.toEqual(failure('away', /up.example: .*ECONNREFUSED/))
  })

  test('an address that is not named', async () => {
    const { origin, requests } = await serveContent({})
    const { repository } = askAt(origin.replace('127.0.0.1', 'localhost'), {
      private: ['10.0.0.1'],
    })
    await expect(repository.manifest(TAG)).rejects.toEqual(failure('away', /private address/))
    expect(requests).toEqual([])
  })
})

test('one that switches to another protocol gives nothing', async () => {
  const { origin } = await serveContent({
    'app/manifests/v1': (_, { socket }) =>
      void socket?.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      ),
  })
  const { repository } = askAt(origin)
  await expect(repository.manifest(TAG)).rejects.toEqual(failure('away', /another protocol/))
})

test('an upstream whose credentials cannot be read is away', async () => {
  const { origin, lines } = await serve((_, response) => void response.writeHead(401).end())
  for (const readSecret of [async () => 'no password', () => Promise.reject(new Error('none'))]) {
    const { repository } = askAt(origin, { credentials: 'env:SLIPWAY_UPSTREAM_A' }, { readSecret })
    const failed = { failure: 'away', message: expect.stringMatching(/^up.example: /) }
    await expect(repository.stat(sha256('x'))).rejects.toMatchObject(failed)
  }
  expect(lines().filter((line) => line !== 'GET /v2/')).toEqual([])
})

test.each<[from: string, location: string, to: string | RegExp]>([
  ['https://a.example/x', '/y', 'https://a.example/y'],
  ['http://a.example/x', 'https://b.example/y', 'https://b.example/y'],
  ['http://a.example/x', 'http://b.example/y', 'http://b.example/y'],
  ['https://a.example/x', 'http://a.example/y', /redirects from https to http:\/\/a.example/],
  ['https://a.example/x', 'ftp://a.example/y', /redirects to no address/],
])('a redirect from %s to %s', (from, location, to) => {
  const next = () => nextOf('a.example', new URL(from), { headers: { location } }).href
  if (typeof to === 'string') expect(next()).toBe(to)
  else expect(next).toThrow(to)
})

test('a refusal that is compressed is a refusal', async () => {
  const { origin } = await serveContent({
    'app/manifests/v1': (_, response) =>
      void response.writeHead(404, { 'content-encoding': 'gzip' }).end(),
  })
  await expect(askAt(origin).repository.manifest(TAG)).rejects.toEqual(failure('unknown'))
})

test('redirects get no credentials', async () => {
  const cdn = await serve((_, response) => void response.end(BLOB))
  const own = `app/blobs/${sha256(BLOB)}`
  const { origin, requests } = await serve((request, response) => {
    if (request.headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="a"' }).end()
    }
    response.writeHead(307, { location: `${cdn.origin}/signed?x=1` }).end()
  })
  const { repository } = askAt(origin, { credentials: 'env:SLIPWAY_UPSTREAM_A' })
  const { body } = await repository.blob(sha256(BLOB))
  expect(await buffer(body)).toEqual(BLOB)
  expect(requests.map(({ line, headers }) => [line, headers.authorization])).toEqual([
    ['GET /v2/', undefined],
    [`GET /v2/${own}`, `Basic ${Buffer.from('alice:secret').toString('base64')}`],
  ])
  expect(cdn.requests).toHaveLength(1)
  expect(cdn.requests[0]?.headers).not.toHaveProperty('authorization')
})

describe('tokens:', () => {
  /** A registry that wants a token of a realm, of which `valid` is in force. */
  const withTokens = async (
    realm: (port: number) => string,
    grant: Parameters<typeof serve>[0],
  ) => {
    const state = { valid: 't1' }
    const server = await serve((request, response) => {
      if (request.url?.startsWith('/token')) return grant(request, response)
      if (request.headers.authorization !== `Bearer ${state.valid}`) {
        const challenge = `Bearer realm="${realm(server.port)}",service="up"`
        return void response.writeHead(401, { 'www-authenticate': challenge }).end()
      }
      response.end(IMAGE)
    })
    return { ...server, state }
  }
  const own = (port: number) => `http://127.0.0.1:${port}/token`

  test('are asked for once a repository, and again when they end early', async () => {
    let count = 0
    const { origin, requests, lines, state } = await withTokens(own, (_, response) => {
      count += 1
      response.end(JSON.stringify({ token: `t${count}`, expires_in: 300 }))
    })
    const { repository } = askAt(origin, { credentials: 'env:SLIPWAY_UPSTREAM_A' })
    await repository.manifest(TAG)
    await repository.manifest(TAG)
    state.valid = 't2'
    await repository.manifest(TAG)
    const token = 'GET /token?service=up&scope=repository%3Aapp%3Apull'
    const manifest = 'GET /v2/app/manifests/v1'
    expect(lines()).toEqual([
      ...['GET /v2/', token, manifest, manifest, manifest, 'GET /v2/', token, manifest],
    ])
    const shown = requests.filter(({ line }) => line === token)
    expect(shown.map(({ headers }) => headers.authorization?.slice(0, 6))).toEqual([
      'Basic ',
      'Basic ',
    ])
  })

  test.each([
    [403, 'as ECR says of what has ended'],
    [400, 'as its public registry does'],
  ])('are asked for again after %d, %s, unless they are new', async (status) => {
    let [now, count, valid] = [0, 0, 't1']
    const { origin, lines } = await serve((request, response) => {
      if (request.url?.startsWith('/token')) {
        count += 1
        return void response.end(JSON.stringify({ token: `t${count}`, expires_in: 43_200 }))
      }
      const shown = request.headers.authorization
      if (shown === undefined) {
        const challenge = `Bearer realm="http://${request.headers.host}/token"`
        return void response.writeHead(401, { 'www-authenticate': challenge }).end()
      }
      if (shown !== `Bearer ${valid}`) return void response.writeHead(status).end()
      response.end(IMAGE)
    })
    const { repository } = askAt(origin, {}, { now: () => now })
    await repository.manifest(TAG)
    valid = 't2'
    await expect(repository.manifest(TAG)).rejects.toEqual(failure('denied'))
    now += 301_000
    await repository.manifest(TAG)
    expect(lines().filter((line) => line.startsWith('GET /token'))).toHaveLength(2)
  })

  test('are not asked for elsewhere', async () => {
    const thief = await serve((_, response) => void response.end('{"token":"t1"}'))
    const { origin } = await withTokens(
      () => thief.origin.replace('127.0.0.1', 'localhost'),
      () => {},
    )
    const { repository } = askAt(origin, { credentials: 'env:SLIPWAY_UPSTREAM_A', private: true })
    const asked = repository.manifest(TAG)
    await expect(asked).rejects.toEqual(
      failure('wrong', /asks for tokens of http:\/\/localhost.*not of its domain/),
    )
    expect(thief.requests).toEqual([])
  })

  test.each<[status: number, kind: string]>([
    [401, 'denied'],
    [403, 'denied'],
    [404, 'denied'],
    [429, 'busy'],
    [500, 'away'],
    [302, 'away'],
  ])('%d to who asks for one: %s', async (status, kind) => {
    const { origin } = await withTokens(own, (_, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end()
    })
    await expect(askAt(origin).repository.manifest(TAG)).rejects.toEqual(failure(kind))
  })

  test.each([
    ['no JSON', '<'],
    ['no token', '{}'],
  ])('%s', async (_, body) => {
    const { origin } = await withTokens(own, (__, response) => void response.end(body))
    await expect(askAt(origin).repository.manifest(TAG)).rejects.toEqual(failure('wrong'))
  })
})

test.each<[origin: string, realm: string, pinned: boolean]>([
  ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
  ['https://ghcr.io', 'https://ghcr.io/token', true],
  ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
  ['https://a.example:5000', 'https://a.example/token', true],
  ['https://registry-1.docker.io', 'https://auth.docker.io.evil.example/token', false],
  ['https://registry-1.docker.io', 'https://evil.example/token', false],
  ['https://registry-1.docker.io', 'http://auth.docker.io/token', false],
  ['http://a.example', 'http://a.example:5001/token', true],
  ['http://a.example', 'https://a.example/token', true],
  ['https://a.co.uk', 'https://b.co.uk/token', false],
  ['https://a.github.io', 'https://b.github.io/token', false],
  ['https://10.0.0.1:5000', 'https://10.0.0.1:5001/token', true],
  ['https://10.0.0.1', 'https://10.0.0.2/token', false],
  ['https://registry', 'https://auth/token', false],
  ['https://a.example', 'https://a.example@evil.example/token', false],
  ['https://a.example', 'https://u:p@a.example/token', false],
  ['https://a.example', 'file:///etc/passwd', false],
  ['https://a.example', '', false],
])('tokens of %s at %s: %s', (origin, realm, pinned) =>
  expect(isPinned(origin, realm)).toBe(pinned),
)

describe('limits:', () => {
  test.each([
    [429, 'busy'],
    [503, 'away'],
  ])(
    'an upstream that wants a pause by %d gets it, of what it has had enough of',
    async (status, kind) => {
      let now = Date.parse('2025-01-01T00:00:00Z')
      const { origin, lines } = await serveContent({
        'app/manifests/v1': (_, response) =>
          void response.writeHead(status, { 'retry-after': '60' }).end(),
        [`app/blobs/${sha256(CONFIG)}`]: CONFIG,
      })
      const { repository } = askAt(origin, {}, { now: () => now })
      await expect(repository.manifest(TAG)).rejects.toMatchObject({
        failure: kind,
        retryAfter: 60_000,
      })
      now += 20_000
      await expect(repository.head(TAG)).rejects.toMatchObject({
        failure: 'busy',
        retryAfter: 40_000,
      })
      expect(await repository.stat(sha256(CONFIG))).toBe(CONFIG.length)
      now += 40_000
      await expect(repository.head(TAG)).rejects.toMatchObject({ failure: kind })
      const asked = lines().filter((line) => line.includes('manifests'))
      expect(asked).toEqual(['GET /v2/app/manifests/v1', 'HEAD /v2/app/manifests/v1'])
    },
  )

  test('what is left is known, and none is asked for when nothing is', async () => {
    let now = 0
    let left = 2
    const { origin } = await serveContent({
      'app/manifests/v1': (_, response) => {
        left -= 1
        const headers = {
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': `${left};w=21600`,
        }
        response.writeHead(200, headers).end(IMAGE)
      },
    })
    const { repository, limits } = askAt(origin, {}, { now: () => now })
    expect(limits.remaining).toBeUndefined()
    await repository.manifest(TAG)
    expect(limits.remaining).toEqual({ left: 1, limit: 100, window: 21_600 })
    await repository.manifest(TAG)
    await expect(repository.manifest(TAG)).rejects.toMatchObject({ failure: 'busy' })
    now += 60_000
    await repository.manifest(TAG)
  })

  test('no more connections at a time than it may have', async () => {
    let [open, most] = [0, 0]
    const { origin } = await serveContent({
      'app/manifests/v1': (_, response) => {
        open += 1
        most = Math.max(most, open)
        setTimeout(() => {
          open -= 1
          response.end(IMAGE)
        }, 5)
      },
    })
    const { repository } = askAt(origin, { connections: 2 })
    await Promise.all(Array.from({ length: 6 }, () => repository.manifest(TAG)))
    expect(most).toBe(2)
  })

  test('who waits for a connection is not slow, and blobs leave some for manifests', async () => {
    const held: (() => void)[] = []
    const { origin } = await serveContent({
      'app/manifests/v1': IMAGE,
      [`app/blobs/${sha256(BLOB)}`]: (_, response) => {
        response.writeHead(200, { 'content-length': BLOB.length }).flushHeaders()
        held.push(() => response.end(BLOB))
      },
    })
    const { repository } = askAt(origin, { connections: 4 })
    const blobs = Array.from({ length: 7 }, async () => {
      const { body } = await repository.blob(sha256(BLOB))
      return buffer(body)
    })
    await until(() => held.length === 3)
    expect((await repository.manifest(TAG)).digest).toBe(DIGEST)
    expect(held).toHaveLength(3)
    for (let ended = 0; ended < blobs.length; ended++) {
      await until(() => held.length > ended)
      held[ended]!()
    }
    for (const blob of await Promise.all(blobs)) expect(blob).toEqual(BLOB)
  })

  test('a refusal whose body does not come keeps no connection', async () => {
    const { origin } = await serveContent({
      'app/manifests/v1': (_, response) =>
        void response.writeHead(404, { 'content-length': 9 }).write('x'),
      'app/manifests/v2': IMAGE,
    })
    const { repository } = askAt(origin, { connections: 1 }, STILL)
    await expect(repository.manifest(TAG)).rejects.toEqual(failure('unknown'))
    expect((await repository.manifest({ tag: 'v2' })).digest).toBe(DIGEST)
  })

  test('a redirect is followed with one connection, as often as it comes', async () => {
    const cdn = await serve((_, response) => void response.end(BLOB))
    const { origin } = await serveContent({
      [`app/blobs/${sha256(BLOB)}`]: (_, response) =>
        void response.writeHead(307, { location: `${cdn.origin}/x` }).end(),
    })
    const { repository } = askAt(origin, { connections: 1 })
    for (let count = 0; count < 3; count++) {
      expect(await buffer((await repository.blob(sha256(BLOB))).body)).toEqual(BLOB)
    }
  })
})
