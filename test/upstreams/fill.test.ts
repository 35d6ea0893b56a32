/**
 * Blobs of upstreams: one fetch for all, streamed as it arrives, and nothing that is not right.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataKey, FETCHING_PREFIX } from '../../functions/registry/layout.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import {
  type ClaimsOptions,
  claimKey,
  createClaims,
} from '../../functions/upstreams/blobs/claim.ts'
import type { WantedBlob } from '../../functions/upstreams/blobs/elsewhere.ts'
import {
  type Arriving,
  CopiedElsewhere,
  createFills,
  type Room,
} from '../../functions/upstreams/blobs/fill.ts'
import { UpstreamError } from '../../functions/upstreams/client/failure.ts'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import type { Route } from '../../functions/upstreams/route.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type OpenedStore, openFiles, STORES } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { routeTo, serve, sha256 } from './upstream.ts'

const BLOB = randomBytes(1_000_000)
const DIGEST = sha256(BLOB)

type Give = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const whole: Give = (_, response) => {
  response.writeHead(200, { 'content-length': BLOB.length }).end(BLOB)
}

/** Gives what a Range asks for. */
const rest: Give = ({ headers }, response) => {
  const start = Number(headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0)
  const part = { 'content-range': `bytes ${start}-${BLOB.length - 1}/${BLOB.length}` }
  response
    .writeHead(start === 0 ? 200 : 206, {
      'content-length': BLOB.length - start,
      ...(start === 0 ? {} : part),
    })
    .end(BLOB.subarray(start))
}

/** Gives some bytes of the whole, and then breaks the connection. */
const broken =
  (bytes: number): Give =>
  (_, response) => {
    response.writeHead(200, { 'content-length': BLOB.length })
    response.write(BLOB.subarray(0, bytes), () => response.destroy())
  }

/** Gives what a Range with an end asks for. */
const part = (bytes: Buffer, [start = 0, end = 0]: number[], response: ServerResponse): void => {
  const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}` }
  response.writeHead(206, headers).end(bytes.subarray(start, end + 1))
}

/** What says that it has a blob, and gives parts of another. */
const claimed: Give = ({ headers }, response) => {
  const [, ...span] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  if (span.length === 0) return void response.writeHead(404).end()
  part(Buffer.alloc(BLOB.length), span.map(Number), response)
}

/** An upstream that gives a blob in these ways, one after the other, and servers on one store. */
const open = async (...gives: readonly Give[]) => openOn(openFiles, ...gives)

/** The same on another store. */
const openOn = async (openStore: () => Promise<OpenedStore>, ...gives: readonly Give[]) => {
  const ways = [...gives]
  const upstream = await serve(async (request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    if (request.url?.startsWith('/v2/other/')) return void response.writeHead(404).end()
    if (request.method === 'HEAD') {
      return void response.writeHead(200, { 'content-length': BLOB.length }).end()
    }
    if (request.url?.startsWith('/v2/liar/')) return claimed(request, response)
    const [, ...span] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (span.length > 0 && !request.url?.startsWith('/v2/whole/')) {
      return part(BLOB, span.map(Number), response)
    }
    await (ways.length > 1 ? ways.shift()! : ways[0]!)(request, response)
  })
  const { store, close } = await openStore()
  const { path, remove } = await temporaryDirectory()
  onTestFinished(close)
  onTestFinished(remove)
  // Whoever fetches stores, too, when clients have got it.
  onTestFinished(async ({ task }) => {
    // Nobody goes on with what hangs.
    if (task.result?.state === 'fail') stop.abort()
    await Promise.all(behind)
    expect((await store.list(FETCHING_PREFIX)).objects).toEqual([])
  })
  const stop = new AbortController()
  const errors: unknown[] = []
  const behind: Promise<unknown>[] = []
  const route = routeTo(upstream.origin)
  const key = claimKey({ digest: DIGEST, origin: route.origin })
  /** One server. */
  const start = (
    more: Partial<ClaimsOptions> = {},
    own: ObjectStore = store,
    room?: Room,
    most?: number,
  ) => {
    const registry = createRegistry({
      store: own,
      uploadSecret: async () => Buffer.alloc(32),
      // Nobody is told of what is had from upstreams.
      events: { begin: () => expect.unreachable('an event') },
    })
    const wait = () => sleep(1)
    const fill = createFills({
      registry,
      store: own,
      askAt: createAsking({ readSecret: async () => '', signal: stop.signal }),
      takeClaim: createClaims({ store: own, signal: stop.signal, wait, ...more }),
      directory: path,
      signal: stop.signal,
      behind: (work) => behind.push(work),
      report: (_, __, error) => errors.push(error),
      now: Date.now,
      wait,
      room,
      ...(most !== undefined && { most }),
    })
    return { registry, fill }
  }
  const server = start()
  const asked = () => upstream.lines().filter((line) => line !== 'GET /v2/')
  const stored = async (local = 'up/app') => {
    const { body } = await server.registry.blobs.open(local, DIGEST)
    return readAll(body, BLOB.length)
  }
  const { requests } = upstream
  return {
    ...{ ...server, start, store, route, key, asked, requests, stored, stop, errors },
    directory: path,
  }
}

const read = async (arriving: Arriving | undefined): Promise<Buffer> => {
  if (arriving === undefined) throw new Error('it is here')
  return buffer(arriving.body)
}

const aBlob = `/v2/app/blobs/${DIGEST}`

const repository = (route: Route, name: string): Route => ({
  ...route,
  repository: name,
  local: `up/${name}`,
})

describe('one fetch', () => {
  test('for all who ask at a time; then the repository has it', async () => {
    const { fill, route, asked, stored, directory } = await open(whole)
    const all = Array.from({ length: 100 }, async () => read(await fill(route, DIGEST)))
    for (const got of await Promise.all(all)) expect(got.equals(BLOB)).toBe(true)
    expect(asked()).toEqual([`GET ${aBlob}`])
    await until(async () => (await stored().catch(() => undefined))?.equals(BLOB))
    expect(await readdir(directory)).toEqual([])
  })

  test('is read as it arrives, but for the last byte before all is verified', async () => {
    const [half, all] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { fill, route, registry, directory } = await open(async (_, response) => {
      response.writeHead(200, { 'content-length': BLOB.length }).write(BLOB.subarray(0, 500_000))
      await half.promise
      response.write(BLOB.subarray(500_000, -1))
      await all.promise
      response.end(BLOB.subarray(-1))
    })
    const arriving = await fill(route, DIGEST)
    let got = 0
    const take = async (until: number) => {
      while (got < until) got += (await arriving!.body.next()).value!.byteLength
    }
    await take(500_000)
    expect(got).toBe(500_000)
    expect(await readdir(directory)).toEqual([])
    half.resolve()
    await take(BLOB.length - 1)
    expect(got).toBe(BLOB.length - 1)
    expect(await registry.blobs.stat('up/app', DIGEST)).toBeUndefined()
    all.resolve()
    await take(BLOB.length)
    expect((await arriving!.body.next()).done).toBe(true)
  })

  test('goes on when who asked goes away', async () => {
    const { fill, route, stored } = await open(whole)
    const arriving = await fill(route, DIGEST)
    await arriving?.body.return(undefined)
    await until(async () => (await stored().catch(() => undefined))?.equals(BLOB))
  })

  test.each<
    [
      what: string,
      range: Parameters<Awaited<ReturnType<typeof open>>['fill']>[2],
      from: number,
      to: number,
    ]
  >([
    ['the beginning', { start: 0, end: 9 }, 0, 9],
    ['the middle', { start: 500_000, end: 500_009 }, 500_000, 500_009],
    ['to the end', { start: 999_990 }, 999_990, 999_999],
    ['beyond the end', { start: 999_990, end: 2_000_000 }, 999_990, 999_999],
    ['the last', { suffix: 10 }, 999_990, 999_999],
  ])('gives a range: %s', async (_, range, from, to) => {
    const { fill, route } = await open(whole)
    const arriving = await fill(route, DIGEST, range)
    expect(arriving).toMatchObject({ size: BLOB.length, span: { start: from, end: to } })
    expect((await read(arriving)).equals(BLOB.subarray(from, to + 1))).toBe(true)
  })

  test('has no range that is outside', async () => {
    const { fill, route } = await open(whole)
    await expect(fill(route, DIGEST, { start: BLOB.length })).rejects.toMatchObject({
      failure: 'range',
    })
  })

  test('of a blob whose length is not known', async () => {
    const { fill, route, stored } = await open((_, response) => {
      response.write(BLOB.subarray(0, 10))
      response.end(BLOB.subarray(10))
    })
    const [all, part] = await Promise.all([fill(route, DIGEST), fill(route, DIGEST, { suffix: 1 })])
    expect(all?.size).toBeUndefined()
    expect((await read(all)).equals(BLOB)).toBe(true)
    expect(part).toBeUndefined()
    expect((await stored()).equals(BLOB)).toBe(true)
  })

  test('of which a range fails as the whole does', async () => {
    const { fill, route } = await open((_, response) => {
      response.write('other')
      response.end('s')
    })
    const range = { start: 0, end: 1 }
    await expect(fill(route, DIGEST, range)).rejects.toMatchObject({ failure: 'wrong' })
  })

  test('by another algorithm', async () => {
    const digest: Digest = `sha512:${createHash('sha512').update(BLOB).digest('hex')}`
    const { fill, route } = await open(whole)
    expect((await read(await fill(route, digest))).equals(BLOB)).toBe(true)
  })

  test('of nothing', async () => {
    const { fill, route } = await open((_, response) => void response.end())
    expect(await read(await fill(route, sha256('')))).toHaveLength(0)
  })
})

describe('where there is little room', () => {
  test.each<[string, Give, number]>([
    ['is too large', whole, BLOB.length - 1],
    [
      'does not say how large it is',
      (_, response) => void response.write(BLOB, () => response.end()),
      BLOB.length,
    ],
  ])('a blob that %s is handed on, with its claim', async (_, give, most) => {
    const { start, store, route, key } = await open(give)
    const handed: WantedBlob[] = []
    const room = {
      blob: most,
      all: most,
      start: async (wanted: WantedBlob) => void handed.push(wanted),
    }
    const { fill } = start({}, store, room)
    for (let count = 0; count < 2; count++) {
      await expect(fill(route, DIGEST)).rejects.toBeInstanceOf(CopiedElsewhere)
    }
    const [{ claim }] = handed as [WantedBlob]
    expect(handed).toEqual([{ name: route.local, digest: DIGEST, claim }])
    expect((await store.head(key))?.etag).toBe(claim)
    await store.delete([key])
  })

  test('those that come at once have it one after the other', async () => {
    const { start, store, route, stop } = await open((_, response) => {
      response.writeHead(200, { 'content-length': BLOB.length }).write('x')
    })
    const handed: WantedBlob[] = []
    const room = {
      blob: BLOB.length,
      all: BLOB.length,
      start: async (wanted: WantedBlob) => void handed.push(wanted),
    }
    const { fill } = start({}, store, room)
    const all = ['a', 'b', 'c'].map((name) => fill(route, sha256(name)))
    const got = await Promise.allSettled(all)
    expect(got.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(handed).toHaveLength(2)
    await store.delete(handed.map(({ digest }) => claimKey({ digest, origin: route.origin })))
    stop.abort()
    // Nobody reads it: its file stays open until it is returned.
    for (const each of got)
      if (each.status === 'fulfilled') await each.value?.body.return(undefined)
  })

  test('one that fits is fetched, and leaves its room to the next', async () => {
    const { start, store, route } = await open(whole, whole, broken(0))
    const room = { blob: BLOB.length, all: BLOB.length, start: async () => {} }
    const { fill } = start({}, store, room)
    expect((await read(await fill(route, DIGEST))).equals(BLOB)).toBe(true)
    await until(async () => (await store.list(FETCHING_PREFIX)).objects.length === 0)
    // It is another, and wrong; and then one that breaks off.
    for (const name of ['a', 'b', 'c']) {
      await expect(read(await fill(route, sha256(name)))).rejects.not.toBeInstanceOf(
        CopiedElsewhere,
      )
      await until(async () => (await store.list(FETCHING_PREFIX)).objects.length === 0)
    }
  })
})

test('there are only so many fetches at a time', async () => {
  const { start, store, route, stop } = await open((_, response) => {
    response.writeHead(200, { 'content-length': BLOB.length }).write('x')
  })
  const { fill } = start({}, store, undefined, 2)
  const first = await Promise.all(['a', 'b'].map((name) => fill(route, sha256(name))))
  const another = fill(route, sha256('c'))
  await expect(another).rejects.toMatchObject({ failure: 'full', retryAfter: 5_000 })
  // What is under way is for everybody.
  const more = await fill(route, sha256('a'))
  expect(more).toMatchObject({ shared: true })
  stop.abort()
  for (const each of [...first, more]) {
    await expect(read(each)).rejects.toMatchObject({ failure: 'away' })
  }
  await expect(fill(route, sha256('c'))).rejects.toMatchObject({ failure: 'away' })
})

describe('a connection that breaks', () => {
  test('is resumed by Range', async () => {
    const { fill, route, asked } = await open(broken(300_000), rest)
    expect((await read(await fill(route, DIGEST))).equals(BLOB)).toBe(true)
    expect(asked()).toHaveLength(2)
  })

  test('is resumed where the upstream knows no ranges', async () => {
    const { fill, route } = await open(broken(300_000), broken(500_000), whole)
    expect((await read(await fill(route, DIGEST))).equals(BLOB)).toBe(true)
  })

  test('and goes on without end ends all who read', async () => {
    const endless: Give = (_, response) => {
      const size = BLOB.length
      response.writeHead(206, { 'content-range': `bytes 300000-${size - 1}/${size}` })
      const more = (): void => void (response.destroyed || response.write(BLOB, more))
      more()
    }
    const { fill, route } = await open(broken(300_000), endless)
    await expect(read(await fill(route, DIGEST))).rejects.toMatchObject({ failure: 'wrong' })
  })

  test('for good ends all who read, as an error', async () => {
    const { fill, route, asked, registry, store } = await open(
      broken(300_000),
      (_, response) => void response.destroy(),
    )
    const readers = await Promise.all([fill(route, DIGEST), fill(route, DIGEST)])
    for (const reader of readers)
      await expect(read(reader)).rejects.toMatchObject({ failure: 'away' })
    expect(asked()).toHaveLength(7)
    expect(await registry.blobs.stat('up/app', DIGEST)).toBeUndefined()
    expect(await store.head(dataKey(DIGEST))).toBeUndefined()
  })

  test('and is to be asked again only in an hour ends', async () => {
    const { fill, route, asked } = await open(
      broken(300_000),
      (_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end(),
    )
    const reader = await fill(route, DIGEST)
    await expect(read(reader)).rejects.toMatchObject({ failure: 'busy' })
    expect(asked()).toHaveLength(2)
  })

  test('because the server stops ends at once', async () => {
    const { fill, route, stop, store, key } = await open((_, response) => {
      response.writeHead(200, { 'content-length': BLOB.length }).write('x')
    })
    const reader = await fill(route, DIGEST)
    stop.abort()
    await expect(read(reader)).rejects.toMatchObject({ failure: 'away' })
    await until(async () => (await store.head(key)) === undefined)
  })
})

describe('what is not right', () => {
  const wrong = Buffer.from(BLOB).fill(0, 500_000, 500_001)

  test.each<[what: string, give: Give]>([
    [
      'is another blob',
      (_, response) => void response.writeHead(200, { 'content-length': wrong.length }).end(wrong),
    ],
    [
      'is one of unknown length',
      (_, response) => {
        response.write(wrong.subarray(0, 10))
        response.end(wrong.subarray(10))
      },
    ],
    ['is shorter', (_, response) => void response.end(BLOB.subarray(0, -1))],
    ['is longer', (_, response) => void response.end(Buffer.concat([BLOB, BLOB]))],
    ['is nothing', (_, response) => void response.end()],
  ])(
    '%s: nobody gets it whole, nothing is stored, and it is remembered shortly',
    async (_, give) => {
      const { fill, route, registry, store, asked, key } = await open(give)
      const readers = await Promise.all([fill(route, DIGEST), fill(route, DIGEST)])
      for (const reader of readers)
        await expect(read(reader)).rejects.toMatchObject({ failure: 'wrong' })
      expect(await registry.blobs.stat('up/app', DIGEST)).toBeUndefined()
      expect(await store.head(dataKey(DIGEST))).toBeUndefined()
      await until(async () => (await store.head(key)) === undefined)
      await expect(fill(route, DIGEST)).rejects.toMatchObject({ failure: 'wrong' })
      expect(asked()).toHaveLength(1)
    },
  )

  test('is not there for another registry: it is asked by HEAD, remembered shortly', async () => {
    const { fill, route, asked } = await open(whole)
    const other = { ...repository(route, 'other'), via: '1.1 slipway-000000000001, 1.1 own' }
    for (let count = 0; count < 3; count++) {
      await expect(fill(other, DIGEST)).rejects.toMatchObject({ failure: 'unknown' })
    }
    expect(asked()).toEqual([`HEAD /v2/other/blobs/${DIGEST}`])
  })

  test('is not there: once for all, remembered shortly', async () => {
    const { fill, route, asked } = await open((_, response) => void response.writeHead(404).end())
    for (let count = 0; count < 3; count++) {
      await expect(fill(route, DIGEST)).rejects.toMatchObject({ failure: 'unknown' })
    }
    expect(asked()).toHaveLength(1)
  })
})

describe('bytes that another repository has', () => {
  test('are not fetched again, where the upstream shows a part of them', async () => {
    const { fill, route, asked, stored, requests } = await open(whole)
    await read(await fill(route, DIGEST))
    await until(() => stored().catch(() => undefined))
    const second = repository(route, 'second')
    expect(await fill(second, DIGEST)).toBeUndefined()
    expect((await stored('up/second')).equals(BLOB)).toBe(true)
    expect(asked()).toEqual([`GET ${aBlob}`, `GET /v2/second/blobs/${DIGEST}`])
    const headers = requests.at(-1)!.headers
    expect(headers.range).toMatch(/^bytes=\d+-\d+$/)
  })

  test('are fetched where it gives no parts', async () => {
    const { fill, route, asked, stored } = await open(whole)
    await read(await fill(route, DIGEST))
    await until(() => stored().catch(() => undefined))
    const second = repository(route, 'whole')
    expect((await read(await fill(second, DIGEST))).equals(BLOB)).toBe(true)
    await until(() => stored('up/whole').catch(() => undefined))
    expect(asked()).toHaveLength(3)
  })

  test('are fetched where they are few: a part would be all', async () => {
    const few = Buffer.from('few')
    const { fill, route, registry, asked } = await open((_, response) => void response.end(few))
    await read(await fill(route, sha256(few)))
    await until(() => registry.blobs.stat('up/app', sha256(few)))
    await read(await fill(repository(route, 'second'), sha256(few)))
    expect(asked()).toEqual(['app', 'second'].map((at) => `GET /v2/${at}/blobs/${sha256(few)}`))
  })

  test('are not given to one that only says that it has them', async () => {
    const { fill, route, registry, stored, asked } = await open(whole)
    await read(await fill(route, DIGEST))
    await until(() => stored().catch(() => undefined))
    const liar = repository(route, 'liar')
    await expect(fill(liar, DIGEST)).rejects.toMatchObject({ failure: 'wrong' })
    expect(await registry.blobs.stat(liar.local, DIGEST)).toBeUndefined()
    expect(asked()).not.toContainEqual(expect.stringContaining('HEAD'))
  })

  test('are not given while another upstream gives them', async () => {
    const { fill, route, registry } = await open(whole)
    const first = await fill(route, DIGEST)
    const other = await serve((request, response) => {
      if (request.url === '/v2/') return void response.end('{}')
      if (request.method === 'HEAD') return void response.end()
      return claimed(request, response)
    })
    const liar = repository({ ...route, ...routeTo(other.origin) }, 'liar')
    const second = fill(liar, DIGEST)
    second.catch(() => {})
    await read(first)
    // By when it asks.
    const failure = expect.stringMatching(/^(unknown|wrong)$/)
    await expect(second).rejects.toMatchObject({ failure })
    expect(await registry.blobs.stat(liar.local, DIGEST)).toBeUndefined()
  })

  test('are not given by a fetch that failed, though they are here', async () => {
    const begun = Promise.withResolvers<void>()
    const wrong = Promise.withResolvers<void>()
    const { fill, route, registry } = await open(async (_, response) => {
      response.writeHead(200, { 'content-length': BLOB.length }).write('x')
      begun.resolve()
      await wrong.promise
      response.end(Buffer.alloc(BLOB.length - 1))
    })
    const uploads = registry.uploads
    const incoming = { source: [BLOB], length: BLOB.length, range: undefined, fetched: true }
    await uploads.commit(uploads.begin('private/x'), DIGEST, incoming)
    const first = await fill(repository(route, 'whole'), DIGEST)
    await begun.promise
    const second = fill(repository(route, 'liar'), DIGEST)
    second.catch(() => {})
    await sleep(20)
    wrong.resolve()
    await expect(read(first)).rejects.toMatchObject({ failure: 'wrong' })
    await expect(second).rejects.toMatchObject({ failure: 'wrong' })
    expect(await registry.blobs.stat('up/liar', DIGEST)).toBeUndefined()
  })

  test('are not given where it has not', async () => {
    const { fill, route, stored } = await open(whole)
    await read(await fill(route, DIGEST))
    await until(() => stored().catch(() => undefined))
    await expect(fill(repository(route, 'other'), DIGEST)).rejects.toMatchObject({
      failure: 'unknown',
    })
  })

  test('are waited for while they arrive', async () => {
    const { fill, route, asked, stored } = await open(whole)
    const first = await fill(route, DIGEST)
    const second = fill(repository(route, 'second'), DIGEST)
    await expect(fill(repository(route, 'other'), DIGEST)).rejects.toMatchObject({
      failure: 'unknown',
    })
    await read(first)
    expect(await second).toBeUndefined()
    expect((await stored('up/second')).equals(BLOB)).toBe(true)
    expect(asked().filter((line) => line.startsWith('GET'))).toEqual([`GET ${aBlob}`])
  })
})

describe('several servers on one store', () => {
  const WANTED = { digest: DIGEST, origin: 'https://up.example' }
  const atOnce = async () => () => {}

  test.each(STORES)('fetch a blob once: %s', async (_, openStore) => {
    const { fill, start, route, asked, stored } = await openOn(openStore, whole)
    const others = [start(), start()].map((server) => server.fill)
    const all = [fill, ...others].map(async (each) => {
      const arriving = await each(route, DIGEST)
      if (arriving !== undefined) await read(arriving)
      return arriving === undefined
    })
    expect((await Promise.all(all)).toSorted()).toEqual([false, true, true])
    expect((await stored()).equals(BLOB)).toBe(true)
    expect(asked().filter((line) => line.startsWith('GET'))).toEqual([`GET ${aBlob}`])
  })

  test('take over what a dead one has left', async () => {
    const { start, route, store, key } = await open(whole)
    await store.put(key, Buffer.from('{}'))
    let clock = 0
    const { fill } = start({
      clock: () => {
        clock += 10_000
        return clock
      },
    })
    expect((await read(await fill(route, DIGEST))).equals(BLOB)).toBe(true)
    await until(async () => (await store.head(key)) === undefined)
  })

  test('leave no claim when the store fails while they wait', async () => {
    const { store } = await open(whole)
    const stop = new AbortController()
    const take = createClaims({ store, signal: stop.signal, wait: () => sleep(1), renewal: 1 })
    const first = await take(WANTED, async () => false, atOnce)
    let looks = 0
    const isHere = async () => {
      looks += 1
      if (looks === 1) await first?.release()
      if (looks === 3) throw new StoreError('unavailable', 'a link')
      return false
    }
    const second = take(WANTED, isHere, atOnce)
    await expect(second).rejects.toThrow('a link')
    expect(looks).toBe(3)
    expect(await store.head(claimKey(WANTED))).toBeUndefined()
  })

  test('look once more when they have the claim: whoever had it may have been done', async () => {
    const { store } = await open(whole)
    const stop = new AbortController()
    const take = createClaims({ store, signal: stop.signal, wait: () => sleep(1), renewal: 1 })
    const first = await take(WANTED, async () => false, atOnce)
    let looks = 0
    const isHere = async () => {
      looks += 1
      if (looks === 1) await first?.release()
      return looks === 3
    }
    expect(await take(WANTED, isHere, atOnce)).toBeUndefined()
    expect(await store.head(claimKey(WANTED))).toBeUndefined()
  })

  test('do not wait for what another upstream gives slowly', async () => {
    const { fill, start, route, stop } = await open((_, response) => {
      response.writeHead(200, { 'content-length': BLOB.length }).write('x')
    })
    const slow = await fill(route, DIGEST)
    const other = await serve((request, response) => {
      if (request.url === '/v2/') return void response.end('{}')
      whole(request, response)
    })
    const second = start({
      wait: () => expect.unreachable('it waits') as never,
    })
    const arriving = await second.fill({ ...routeTo(other.origin), local: 'up/other' }, DIGEST)
    expect((await read(arriving)).equals(BLOB)).toBe(true)
    stop.abort()
    await expect(read(slow)).rejects.toMatchObject({ failure: 'away' })
  })

  test('do not wait for one that has no connection left', async () => {
    const hanging = Promise.withResolvers<void>()
    const { fill, start, route, stored, stop } = await open(async (request, response) => {
      if (!request.url?.endsWith(DIGEST)) return hanging.resolve()
      whole(request, response)
    })
    const one = { ...route, upstream: { ...route.upstream, connections: 1 } }
    const first = fill(one, sha256('hangs'))
    await hanging.promise
    const waiting = fill(one, DIGEST)
    const second = start({ wait: () => expect.unreachable('it waits') as never })
    expect((await read(await second.fill(route, DIGEST))).equals(BLOB)).toBe(true)
    await until(() => stored().catch(() => undefined))
    stop.abort()
    await expect(first).rejects.toMatchObject({ failure: 'away' })
    await waiting.catch(() => {})
  })

  test('do not fetch again what another has stored while they waited for a connection', async () => {
    const [hanging, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { fill, start, route, stored, asked } = await open(async (request, response) => {
      if (request.url?.endsWith(DIGEST)) return whole(request, response)
      hanging.resolve()
      await go.promise
      response.writeHead(404).end()
    })
    const one = { ...route, upstream: { ...route.upstream, connections: 1 } }
    const first = fill(one, sha256('hangs'))
    await hanging.promise
    const waiting = fill(one, DIGEST)
    await read(await start().fill(route, DIGEST))
    await until(() => stored().catch(() => undefined))
    // As if it had taken longer.
    await sleep(600)
    go.resolve()
    await expect(first).rejects.toMatchObject({ failure: 'unknown' })
    expect(await waiting).toBeUndefined()
    expect(asked().filter((line) => line === `GET ${aBlob}`)).toHaveLength(1)
  })

  test('wait for another that fetches it, though they have no connection for it themselves', async () => {
    const { store } = await open(whole)
    const stop = new AbortController()
    const take = createClaims({ store, signal: stop.signal, wait: () => sleep(1), renewal: 1 })
    const noneLeft = async () => {
      throw new UpstreamError('full', 'x')
    }
    await expect(take(WANTED, async () => false, noneLeft)).rejects.toMatchObject({
      failure: 'full',
    })
    const first = await take(WANTED, async () => false, atOnce)
    let looks = 0
    const isHere = async () => {
      looks += 1
      return looks === 5
    }
    expect(await take(WANTED, isHere, noneLeft)).toBeUndefined()
    await first?.release()
    // Nobody else has it, nor is at it.
    await expect(take(WANTED, async () => false, noneLeft)).rejects.toMatchObject({
      failure: 'full',
    })
  })

  test('stop, whoever they wait for', async () => {
    const { fill, store, route, stop, asked, key } = await open(whole)
    await store.put(key, Buffer.from('{}'))
    const waiting = fill(route, DIGEST)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ failure: 'away' })
    expect(asked()).toEqual([])
    await store.delete([key])
  })

  test('do not take over from one that is at work', async () => {
    const { start, route, store, asked, key } = await open(whole)
    let clock = 0
    let writes = 0
    const write = () => {
      writes += 1
      return store.put(key, Buffer.from(`{"write":${writes}}`))
    }
    await write()
    const wait = async () => {
      clock += 30_000
      if (writes < 5) await write()
      else await store.delete([key])
    }
    const { fill } = start({ clock: () => clock, wait })
    const filling = fill(route, DIGEST)
    expect((await read(await filling)).equals(BLOB)).toBe(true)
    expect([writes, asked().length]).toEqual([5, 1])
  })
})

test('a store that fails costs nobody the blob', async () => {
  const { start, store, route, errors } = await open(whole)
  const failing: ObjectStore = {
    ...store,
    put: async (key, ...more) => {
      if (key.startsWith('docker/')) throw new StoreError('unavailable', key)
      return store.put(key, ...more)
    },
  }
  const { fill } = start({}, failing)
  expect((await read(await fill(route, DIGEST))).equals(BLOB)).toBe(true)
  await until(() => errors.length > 0)
  expect(errors).toEqual([expect.objectContaining({ failure: 'unavailable' })])
})
