/** Registries that lie, never end, or want what is not theirs. */

import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { resumeIn } from '../../functions/transfer/blobs/resume.ts'
import type { Origin } from '../../functions/transfer/copy/ports.ts'
import { shapeOf } from '../../functions/transfer/copy/shape.ts'
import { type Authorizing, authorizing } from '../../functions/transfer/registry/authorize.ts'
import { registryDestination } from '../../functions/transfer/registry/destination.ts'
import { openConnections } from '../../functions/transfer/registry/exchange.ts'
import type { Http, Outgoing, Reply } from '../../functions/transfer/registry/http.ts'
import { registryOrigin } from '../../functions/transfer/registry/origin.ts'
import { type Target, targetAt } from '../../functions/transfer/registry/target.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import {
  addImage,
  addManifest,
  copyBetween,
  destinationOf,
  empty,
  originOf,
  sha256,
} from './places.ts'

const ORIGIN = 'https://registry.example'
const DIGEST = sha256('a blob')

const reply = (status: number, body: string, headers = {}): Reply => ({
  status,
  headers,
  body: Buffer.from(body),
})

/** A repository of a registry that answers so. */
const openOrigin = (
  send: (outgoing: Outgoing) => Reply,
  open: (outgoing: Outgoing) => Readable = () => Readable.from([]),
  origin = ORIGIN,
): Origin => {
  const own: Authorizing = {
    send: async (outgoing) => send(outgoing),
    heed: () => {},
    challenge: async () => undefined,
    authorization: async () => 'Bearer secret',
  }
  const http = { open: async (outgoing: Outgoing) => open(outgoing) } as unknown as Http
  const sleep = async () => {}
  return registryOrigin({ http, origin, called: 'evil/app', name: 'app', own, sleep })
}

/** A body without an end. @returns it, and how often it was read */
const endless = (status: number) => {
  let chunks = 0
  const body = Readable.from(
    (function* () {
      for (;;) {
        chunks += 1
        // What reads all of it would stop the tests.
        if (chunks > 1000) throw new Error('read without an end')
        yield Buffer.alloc(1000)
      }
    })(),
  )
  return { body: Object.assign(body, { statusCode: status, headers: {} }), count: () => chunks }
}

describe('a list', () => {
  test.each([
    ['to another repository', '../../victim/manifests/latest'],
    ['with a query', 'v1?n=1'],
    ['of nothing', ''],
    ['of lines', 'v1\nv2'],
  ])('of tags that lead %s', async (_, tag) => {
    const from = openOrigin(() => reply(200, JSON.stringify({ tags: ['v1', tag] })))
    await expect(from.tags()).rejects.toThrow(/^evil\/app lists ".*", which is not a tag$/)
  })

  let pages = 0
  test.each([
    ['that leads to itself', () => '</v2/app/tags/list?n=1000>; rel="next"', /without an end$/],
    ['without an end', () => `<list?last=${pages++}>; rel="next"`, /without an end$/],
    ['that leads elsewhere', () => '<https://other.example/v2/>; rel="next"', /another host$/],
    ['that leads nowhere', () => '<http://[>; rel="next"', /another host$/],
  ])('%s', async (_, link, message) => {
    const from = openOrigin(() => reply(200, '{"tags":["v1"]}', { link: link() }))
    await expect(from.tags()).rejects.toThrow(message)
  })

  test('whose next page is relative to this one', async () => {
    const asked: string[] = []
    const from = openOrigin(({ url }) => {
      asked.push(url)
      return reply(200, '{}', asked.length === 1 ? { link: '<list?last=a>; rel="next"' } : {})
    })
    await from.tags()
    expect(asked).toEqual([
      `${ORIGIN}/v2/app/tags/list?n=1000`,
      `${ORIGIN}/v2/app/tags/list?last=a`,
    ])
  })
})

describe('a blob', () => {
  test.each([
    ['whose refusal has no end', 403, /cannot be had: 403/],
    ['that has no end', 200, /has more than 5000 bytes of the blob/],
  ])('%s', async (_, status, message) => {
    const { body, count } = endless(status)
    const from = openOrigin(
      () => reply(200, ''),
      () => body,
    )
    const blob = await from.blob(DIGEST, 5000)
    await expect(blob.read(0, 5000)).rejects.toThrow(message)
    expect(count()).toBeLessThan(20)
  })

  test.each(['https://registry.example:443', 'https://REGISTRY.example'])(
    'of %s is asked for with credentials, elsewhere without',
    async (origin) => {
      const shown: unknown[] = []
      const from = openOrigin(
        () => reply(200, ''),
        ({ url, headers }) => {
          shown.push([new URL(url).host, headers?.Authorization])
          const location = 'https://store.example/x'
          const redirect = shown.length === 1
          return Object.assign(Readable.from([Buffer.from('a blob')]), {
            statusCode: redirect ? 307 : 200,
            headers: redirect ? { location } : {},
          })
        },
        origin,
      )
      expect((await (await from.blob(DIGEST, 6)).read(0, 6)).toString()).toBe('a blob')
      expect(shown).toEqual([
        ['registry.example', 'Bearer secret'],
        ['store.example', undefined],
      ])
    },
  )
})

test.each(['../../victim/manifests/latest', 'v1?x', '', `sha512:${'a'.repeat(64)}`])(
  'nothing is put, or asked for, by the name %j',
  async (reference) => {
    const send = async (): Promise<never> => {
      throw new Error('nothing may be sent')
    }
    const http = { send, open: send, close: () => {} }
    const target = targetAt(http, ORIGIN, 'team/app', http)
    const to = registryDestination(target, async () => 'whole')
    const manifest = { digest: DIGEST, mediaType: 'text/plain', bytes: Buffer.from('{}') }
    const own = openOrigin(send as never)
    for (const work of [
      () => target.putManifest(reference, 'text/plain', manifest.bytes),
      () => to.put(manifest, reference),
      () => to.tagged(reference),
      () => own.manifest(reference),
    ]) {
      await expect((async () => work())()).rejects.toThrow(/is neither a tag nor a digest$/)
    }
  },
)

test.each(['sha256:../../../victim/manifests/latest', `sha512:${'a'.repeat(64)}`, ''])(
  'a subject %j is no digest',
  (digest) => {
    const subject = { mediaType: 'text/plain', digest, size: 2 }
    const bytes = Buffer.from(JSON.stringify({ subject }))
    expect(() => shapeOf({ digest: sha256(bytes), bytes })).toThrow(/expected sha256:/)
  },
)

test('what refers to what was just asked for is not followed for ever', async () => {
  const [here, there] = [empty(), empty()]
  addImage(here, 'x', 'v1')
  const from: Origin = {
    ...originOf(here),
    async referrers(digest) {
      const subject = { mediaType: 'text/plain', digest, size: 2 }
      return [addManifest(here, { layers: [], subject })]
    },
  }
  const copied = copyBetween(from, destinationOf(there), 'v1', { referrers: true })
  await expect(copied).rejects.toThrow(/^from\/here has sha256:\w+ below 32 others/)
  expect(there.tags.size).toBe(0)
})

describe('a token', () => {
  const USER = { name: 'alice', password: 'secret' }
  test.each([
    ['over plain HTTP', ORIGIN, 'http://tokens.example/token', USER, false],
    ['by whom nobody knows', ORIGIN, 'http://tokens.example/token', undefined, true],
    ['on this machine', ORIGIN, 'http://127.0.0.1:5001/token', USER, true],
    ['of a registry without TLS', 'http://r.example', 'http://r.example/token', USER, true],
    ['for a refresh token', ORIGIN, 'http://tokens.example/token', { refreshToken: 'x' }, false],
  ] as const)('%s', async (_, origin, realm, credentials, isSent) => {
    const asked: string[] = []
    const send = async ({ url }: Outgoing) => {
      asked.push(url)
      return url.startsWith(realm)
        ? reply(200, '{"token":"abc"}')
        : reply(401, '', { 'www-authenticate': `Bearer realm="${realm}"` })
    }
    const own = authorizing({ send }, origin, credentials, 'repository:a:pull')
    if (isSent) expect(await own.authorization()).toBe('Bearer abc')
    else await expect(own.authorization()).rejects.toThrow(/has no TLS: nothing was sent there$/)
    expect(asked.filter((url) => url.startsWith(realm))).toHaveLength(isSent ? 1 : 0)
  })
})

test.each([
  ['1-3,5', [1, 2, 3, 5]],
  ['1-999999999999', Array.from({ length: 10_000 }, (_, at) => at + 1)],
  ['x,-3,4-2,7-', []],
])('parts that were received: %s', async (parts, received) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const target = {
    ...{ origin: ORIGIN, name: 'a' },
    send: async () => reply(204, '', { 'slipway-parts': parts }),
  } as unknown as Target
  const resume = resumeIn(path)
  await resume.remember(target, DIGEST, { location: `${ORIGIN}/x`, partSize: 8 })
  expect((await resume.recall(target, DIGEST))?.received).toEqual(received)
})

describe('a connection', () => {
  const connections = openConnections()
  afterAll(() => connections.close())

  /** Listens. @returns the port */
  const listen = async (server: ReturnType<typeof createServer>): Promise<number> => {
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test('that is switched to another protocol', async () => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'
    const port = await listen(
      createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.write(head))
      }),
    )
    const sent = connections.exchange({ method: 'GET', url: `http://127.0.0.1:${port}/` })
    await expect(sent).rejects.toThrow(/switches to another protocol$/)
  })

  test('whose request has a body that is cut', async () => {
    const port = await listen(createHttpServer((request) => request.resume()))
    const body = {
      size: 10,
      open: () => Readable.from([Buffer.from('abc')], { objectMode: false }),
    }
    const sent = connections.exchange({ method: 'PUT', url: `http://127.0.0.1:${port}/`, body })
    await expect(sent).rejects.toThrow('a body of 10 bytes has ended 7 bytes early')
  })

  test.each([
    ['http://LOCALHOST:PORT/v2/?a=b', '/v2/?a=b'],
    ['HTTP://localhost:PORT/v2/a//b/../c', '/v2/a//b/../c'],
    ['http://localhost:PORT', '/'],
    ['http://localhost:PORT?a', '/?a'],
  ])('by %s', async (template, path) => {
    const port = await listen(createHttpServer(({ url }, response) => response.end(url)))
    const url = template.replace('PORT', String(port))
    const { response } = await connections.exchange({ method: 'GET', url })
    expect(Buffer.concat(await response.toArray()).toString()).toBe(path)
  })
})
