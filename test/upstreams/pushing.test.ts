/**
 * What upstreams are sent by pushes, and what they are shown.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { createPullThrough, type UpstreamsOptions } from '../../functions/compose/pull-through.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { storedWithin } from '../../functions/upstreams/client/pushing.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { askAt, IMAGE, serve, sha256 } from './upstream.ts'

const BLOB = Buffer.alloc(3_000_000, 'x')
const DIGEST = sha256(BLOB)
async function* pieces(bytes: Buffer = BLOB): AsyncGenerator<Buffer, undefined> {
  for (let at = 0; at < bytes.length; at += 500_000) yield bytes.subarray(at, at + 500_000)
  return undefined
}
const CREDENTIALS = { credentials: 'env:SLIPWAY_UPSTREAM_A' }
const failure = (kind: string, message: RegExp = /./) =>
  expect.objectContaining({ failure: kind, message: expect.stringMatching(message) })

/** Reads what it is sent, and takes it. */
const taking = (location: () => string, more: Record<string, string> = {}) => {
  const received: number[] = []
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => {
      if (request.method === 'PUT') received.push(bytes)
      if (request.method === 'POST') response.writeHead(202, { location: location() }).end()
      else response.writeHead(request.method === 'PUT' ? 201 : 404, more).end()
    })
  }
  return { received, take }
}

test('a push has a token of its own, for pull and push', async () => {
  const { take, received } = taking(() => '/v2/app/blobs/uploads/1')
  const { origin, lines } = await serve((request, response) => {
    if (request.url?.startsWith('/token')) {
      const { searchParams } = new URL(request.url, 'http://x')
      return void response.end(JSON.stringify({ token: searchParams.get('scope') }))
    }
    const { authorization } = request.headers
    if (authorization !== 'Bearer repository:app:pull,push') {
      const challenge = `Bearer realm="http://${request.headers.host}/token"`
      return void response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    take(request, response)
  })
  const { pushes, repository } = askAt(origin, CREDENTIALS)
  await expect(repository.stat(DIGEST)).rejects.toEqual(failure('denied'))
  expect(await pushes.hasBlob(DIGEST)).toBe(false)
  await pushes.putBlob(DIGEST, BLOB.length, () => pieces())
  expect(received).toEqual([BLOB.length])
  const asked = lines().filter((line) => line.startsWith('GET /token'))
  expect(asked.at(-1)).toBe('GET /token?scope=repository%3Aapp%3Apull%2Cpush')
})

test('a mount has a token for both repositories', async () => {
  const { origin, lines } = await serve((request, response) => {
    if (request.url?.startsWith('/token')) return void response.end('{"token":"t"}')
    if (request.headers.authorization !== undefined) return void response.writeHead(201).end()
    const challenge = `Bearer realm="http://${request.headers.host}/token"`
    response.writeHead(401, { 'www-authenticate': challenge }).end()
  })
  await askAt(origin).pushes.putBlob(DIGEST, BLOB.length, () => pieces(), 'team/base')
  expect(lines().slice(1)).toEqual([
    'GET /token?scope=repository%3Aapp%3Apull%2Cpush+repository%3Ateam%2Fbase%3Apull',
    `POST /v2/app/blobs/uploads/?${new URLSearchParams({ mount: DIGEST, from: 'team/base' })}`,
  ])
})

test('where an upload goes on at another host, that is shown nothing', async () => {
  const elsewhere = taking(() => '')
  const other = await serve(elsewhere.take)
  const { take } = taking(() => `${other.origin}/put?_state=a%2Bb`)
  const { origin, requests } = await serve((request, response) => {
    if (request.headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="a"' }).end()
    }
    take(request, response)
  })
  await askAt(origin, CREDENTIALS).pushes.putBlob(DIGEST, BLOB.length, () => pieces())
  expect(elsewhere.received).toEqual([BLOB.length])
  expect(other.lines()).toEqual([`PUT /put?_state=a%2Bb&digest=${encodeURIComponent(DIGEST)}`])
  expect(other.requests[0]?.headers).not.toHaveProperty('authorization')
  expect(requests.at(-1)?.headers.authorization).toMatch(/^Basic /)
})

test('a token that has ended is renewed, and the blob sent again', async () => {
  let [count, ended] = [0, false]
  const { take, received } = taking(() => '/v2/app/blobs/uploads/1')
  const { origin } = await serve((request, response) => {
    if (request.url?.startsWith('/token')) {
      count += 1
      return void response.end(JSON.stringify({ token: `t${count}`, expires_in: 300 }))
    }
    if (request.method === 'PUT' && !ended) {
      ended = true
      return void response.writeHead(401, { 'www-authenticate': 'Bearer realm="/"' }).end()
    }
    if (request.headers.authorization === undefined) {
      const challenge = `Bearer realm="http://${request.headers.host}/token"`
      return void response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    take(request, response)
  })
  await askAt(origin, CREDENTIALS).pushes.putBlob(DIGEST, BLOB.length, () => pieces())
  expect([received, count]).toEqual([[BLOB.length], 2])
})

test.each<[what: string, location: string, kind: string, why: RegExp]>([
  ['nowhere', '', 'wrong', /does not say where an upload goes on/],
  ['to no address', 'ftp://x/', 'wrong', /redirects to no address/],
  ['to a private one', 'http://10.0.0.1/', 'away', /private address/],
])('an upload that goes on %s fails', async (_, location, kind, why) => {
  const { take } = taking(() => location)
  const { origin } = await serve(take)
  const pushing = askAt(origin).pushes.putBlob(DIGEST, BLOB.length, () => pieces())
  await expect(pushing).rejects.toEqual(failure(kind, why))
})

test.each<[what: string, patience: object]>([
  ['reads nothing', { head: 60_000, body: 50, stored: 60_000 }],
  ['does not respond once it has all', { head: 60_000, body: 60_000, stored: 50 }],
])('one that %s is given up', async (what, patience) => {
  const { take } = taking(() => '/v2/app/blobs/uploads/1')
  const { origin } = await serve((request, response) => {
    if (request.method !== 'PUT') take(request, response)
    else if (what !== 'reads nothing') request.resume()
  })
  const large = Buffer.alloc(30_000_000)
  const { pushes } = askAt(origin, {}, { patience: patience as { head: number; body: number } })
  const pushing = pushes.putBlob(sha256(large), large.length, () => pieces(large))
  await expect(pushing).rejects.toEqual(failure('away', /takes nothing|does not respond/))
})

test('a manifest that an upstream does not take is given up as soon as a blob', async () => {
  const { origin } = await serve((request, response) => {
    if (request.method !== 'PUT') response.writeHead(404).end()
  })
  const patience = { head: 60_000, body: 50, stored: 60_000 }
  const { pushes } = askAt(origin, {}, { patience })
  const pushing = pushes.putManifest({ tag: 'v1' }, OCI_MANIFEST, Buffer.alloc(30_000_000))
  await expect(pushing).rejects.toEqual(failure('away', /takes nothing for 50 ms/))
})

test('a source that is slow is not the fault of an upstream', async () => {
  const { take, received } = taking(() => '/v2/app/blobs/uploads/1')
  const { origin } = await serve(take)
  const { pushes } = askAt(origin, {}, { patience: { head: 60_000, body: 200, stored: 60_000 } })
  async function* slow(): AsyncGenerator<Buffer, undefined> {
    await sleep(500)
    yield BLOB
    return undefined
  }
  await pushes.putBlob(DIGEST, BLOB.length, slow)
  expect(received).toEqual([BLOB.length])
})

test('nor is one that fails', async () => {
  const { take } = taking(() => '/v2/app/blobs/uploads/1')
  const { origin } = await serve(take)
  // biome-ignore lint/correctness/useYield: it fails before.
  async function* broken(): AsyncGenerator<Buffer, undefined> {
    throw new StoreError('unavailable', 'x')
  }
  const pushing = askAt(origin).pushes.putBlob(DIGEST, 10, broken)
  await expect(pushing).rejects.toBeInstanceOf(StoreError)
})

test('an upstream that refuses before it has read all is understood', async () => {
  const { take } = taking(() => '/v2/app/blobs/uploads/1')
  const { origin } = await serve((request, response) => {
    if (request.method !== 'PUT') return take(request, response)
    response.writeHead(507, { 'content-type': 'application/json' }).end('{"errors":[]}')
  })
  const large = Buffer.alloc(30_000_000)
  const { pushes } = askAt(origin)
  const pushing = pushes.putBlob(sha256(large), large.length, () => pieces(large))
  await expect(pushing).rejects.toMatchObject({ failure: 'away', said: '507' })
})

test('an upstream may take its time with a manifest, and leaves connections to other requests', async () => {
  const { take, received } = taking(() => '')
  const [arrived, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { origin } = await serve(async (request, response) => {
    if (request.method === 'PUT') {
      arrived.resolve()
      await go.promise
    }
    take(request, response)
  })
  const patience = { head: 500, body: 60_000, stored: 60_000 }
  const { pushes, repository } = askAt(origin, { connections: 4 }, { patience })
  const pushing = pushes.putManifest({ tag: 'v1' }, OCI_MANIFEST, IMAGE)
  await arrived.promise
  await expect(repository.head({ tag: 'v1' })).rejects.toEqual(failure('unknown'))
  await sleep(700)
  go.resolve()
  await pushing
  expect(received).toEqual([IMAGE.length])
})

test.each([
  ['a small one', 1000, 120],
  ['a large one', 100_000_000, 220],
])('for %s an upstream has so long once it has all of it', (_, size, seconds) =>
  expect(storedWithin(size) / 1000).toBeCloseTo(seconds, 0),
)

test('a manifest is sent as it is, and is told of a subject', async () => {
  const { take, received } = taking(() => '', { 'oci-subject': 'x' })
  const { origin, requests } = await serve(take)
  const { pushes } = askAt(origin)
  expect(await pushes.putManifest({ tag: 'v1' }, OCI_MANIFEST, IMAGE)).toBe(true)
  expect(received).toEqual([IMAGE.length])
  expect(requests.at(-1)).toMatchObject({
    line: 'PUT /v2/app/manifests/v1',
    headers: { 'content-type': OCI_MANIFEST },
  })
})

test.each<[where: string, fetching: object, pushes: string | undefined]>([
  ['on Lambda', { start: async () => {}, most: 1, streams: false, atOnce: 0 }, 'not here'],
  ['by a Web Function', { room: { blob: 1, all: 1, start: async () => {} } }, 'not here'],
  ['on a server', {}, undefined],
])('pushing on is for hosts that stay: %s', async (_, fetching, pushes) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const store = openFileStore(path)
  const entry = { name: 'up', host: 'up.example', prefix: 'up', writable: true }
  const staying = { signal: new AbortController().signal, behind: () => {} }
  const options = {
    store,
    registry: createRegistry({ store, uploadSecret: async () => Buffer.alloc(32) }),
    env: {},
    secret: async () => Buffer.alloc(32),
    fetching: 'start' in fetching ? fetching : { ...staying, ...fetching },
  } as unknown as UpstreamsOptions
  const find = createPullThrough(JSON.stringify({ version: 1, upstreams: [entry] }), options)
  const found = await find?.('up/app', undefined, undefined)
  if (pushes === undefined) expect(found).toMatchObject({ pushes: { blob: expect.any(Function) } })
  else expect(found).toMatchObject({ pushes })
})
