/**
 * Copies of blobs: verified, in pieces that different processes do, and each by one at a time.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataKey, FETCHING_PREFIX, layerLinkKey } from '../../functions/registry/layout.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { claimKey, createHandedClaims } from '../../functions/upstreams/blobs/claim.ts'
import {
  type CopyOptions,
  type CopyWanted,
  createCopy,
} from '../../functions/upstreams/blobs/copy.ts'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import { STORES } from '../support/rig/stores.ts'
import { routeTo, serve, sha256 } from './upstream.ts'

const MEBIBYTE = 1024 * 1024
const BLOB = randomBytes(3 * MEBIBYTE + 1)
const DIGEST = sha256(BLOB)

describe.each(STORES)('on %s', (_, openStore) => {
  const open = async (bytes: Uint8Array = BLOB) => {
    const ways: ((response: ServerResponse) => void)[] = []
    const upstream = await serve(({ method, url, headers }, response) => {
      if (url === '/v2/') return void response.end('{}')
      const way = method === 'GET' ? ways.shift() : undefined
      if (way) return way(response)
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
      const start = Number(from ?? 0)
      const end = Number(to || bytes.length - 1)
      const part = { 'content-range': `bytes ${start}-${end}/${bytes.length}` }
      response
        .writeHead(from === undefined ? 200 : 206, {
          'content-length': end + 1 - start,
          ...(from === undefined ? {} : part),
        })
        .end(method === 'HEAD' ? undefined : bytes.subarray(start, end + 1))
    })
    const { store, close } = await openStore()
    onTestFinished(close)
    const route = routeTo(upstream.origin)
    const claims = createHandedClaims(store)
    const wanted = { digest: DIGEST, origin: route.origin }
    /** One process. */
    const copier = (more: Partial<CopyOptions> = {}) => {
      const registry = createRegistry({ store, uploadSecret: async () => Buffer.alloc(32, 1) })
      const copy = createCopy({
        registry,
        store,
        askAt: createAsking({ readSecret: async () => '' }),
        claims,
        signal: new AbortController().signal,
        wait: () => sleep(1),
        isOver: () => false,
        clock: () => performance.now(),
        ...more,
      })
      return (wanted: CopyWanted) => copy(route, wanted)
    }
    const offer = async (): Promise<CopyWanted> => {
      const claim = await claims.offer(wanted)
      expect(claim).toBeDefined()
      return { name: route.local, digest: DIGEST, claim: claim! }
    }
    const stored = async () => {
      const object = await store.get(dataKey(DIGEST))
      return object && readAll(object.body, BLOB.length)
    }
    const left = async () => (await store.list(FETCHING_PREFIX)).objects.map(({ key }) => key)
    const { requests } = upstream
    const gets = () => requests.filter(({ line }) => line.includes('GET /v2/app/'))
    return { store, route, copier, claims, wanted, offer, stored, left, gets, ways }
  }

  test('a blob is copied at once, and the claim is gone', async () => {
    const { store, route, copier, offer, stored, left, gets } = await open()
    expect(await copier()(await offer())).toBe('done')
    expect((await stored())?.equals(BLOB)).toBe(true)
    expect(await store.head(layerLinkKey(route.local, DIGEST))).toBeDefined()
    expect(await left()).toEqual([])
    expect(gets()).toHaveLength(1)
  })

  test('a large one is continued by one process after the other', async () => {
    const { copier, offer, stored, left } = await open()
    const options = { atOnce: MEBIBYTE, piece: MEBIBYTE, isOver: () => true }
    let next: CopyWanted = await offer()
    const seen: string[] = []
    for (;;) {
      const outcome = await copier(options)(next)
      if (typeof outcome === 'string') {
        seen.push(outcome)
        break
      }
      seen.push('continued')
      expect(await stored()).toBeUndefined()
      next = outcome
    }
    expect(seen).toEqual(['continued', 'continued', 'continued', 'done'])
    expect((await stored())?.equals(BLOB)).toBe(true)
    expect(await left()).toEqual([])
  })

  test('a connection that breaks is resumed', async () => {
    const { copier, offer, stored, ways, gets } = await open()
    ways.push((response) => {
      response.writeHead(200, { 'content-length': BLOB.length })
      response.write(BLOB.subarray(0, MEBIBYTE + 7), () => response.destroy())
    })
    const options = { atOnce: MEBIBYTE, piece: MEBIBYTE }
    expect(await copier(options)(await offer())).toBe('done')
    expect((await stored())?.equals(BLOB)).toBe(true)
    expect(gets()).toHaveLength(2)
  })

  test('an event that comes twice, or late, copies nothing', async () => {
    const { copier, offer, gets } = await open()
    const wanted = await offer()
    expect(await copier()(wanted)).toBe('done')
    expect(await copier()(wanted)).toBe('taken')
    expect(gets()).toHaveLength(1)
  })

  test.each([
    ['at once', {}],
    ['in pieces', { atOnce: MEBIBYTE, piece: MEBIBYTE }],
  ])('what is wrong is not stored %s, and is not tried again at once', async (_, options) => {
    const { copier, offer, claims, wanted, stored, store, route } = await open(
      randomBytes(BLOB.length),
    )
    await expect(copier(options)(await offer())).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    expect(await stored()).toBeUndefined()
    expect(await store.head(layerLinkKey(route.local, DIGEST))).toBeUndefined()
    expect(await claims.offer(wanted)).toBeUndefined()
  })

  test('one who died is taken over, by the clock of the store', async () => {
    const { store, claims, wanted, copier, offer, stored } = await open()
    await offer()
    expect(await claims.offer(wanted)).toBeUndefined()
    const later = createHandedClaims(store, () => Date.now() + 60_000)
    const claim = await later.offer(wanted)
    expect(claim).toBeDefined()
    expect(await copier()({ name: 'up/app', digest: DIGEST, claim: claim! })).toBe('done')
    expect((await stored())?.equals(BLOB)).toBe(true)
    expect(await store.head(claimKey(wanted))).toBeUndefined()
  })

  test('bytes that another repository has are not fetched: the upstream shows a part', async () => {
    const { store, copier, offer, gets, route } = await open()
    await store.put(dataKey(DIGEST), BLOB)
    expect(await copier()(await offer())).toBe('done')
    expect(await store.head(layerLinkKey(route.local, DIGEST))).toBeDefined()
    expect(gets().map(({ headers }) => headers.range)).toEqual([
      expect.stringMatching(/^bytes=\d+-\d+$/),
    ])
  })

  test('they are not given to an upstream that has others', async () => {
    const { store, copier, offer, route } = await open(randomBytes(BLOB.length))
    await store.put(dataKey(DIGEST), BLOB)
    await expect(copier()(await offer())).rejects.toMatchObject({ failure: 'wrong' })
    expect(await store.head(layerLinkKey(route.local, DIGEST))).toBeUndefined()
  })
})
