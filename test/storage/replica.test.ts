/**
 * A store with a copy nearby that is behind.
 *
 * @module
 */

import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { BLOBS_PREFIX, dataKey, layerLinkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { listPages } from '../../functions/storage/pages.ts'
import { BLIND_FOR, createReplicaStore } from '../../functions/storage/replica.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAsContainerd, pushImage } from '../support/rig/push.ts'
import { openBucket } from '../support/rig/stores.ts'

const first = await openBucket()
const near = await openBucket()
afterAll(async () => {
  await Promise.all([first.close(), near.close()])
})
await first.store.deletesExactly()

/** What S3's replication does, when it gets to it: copies what is new, and deletes what is gone. */
const replicate = async (from: ObjectStore = first.store, to = near.store): Promise<void> => {
  const kept = new Set<string>()
  for await (const page of listPages(from, '')) {
    for (const { key } of page) {
      const object = await from.get(key)
      if (object === undefined) continue
      await to.put(key, await readAll(object.body, 1e8), { metadata: object.info.metadata })
      kept.add(key)
    }
  }
  for await (const page of listPages(to, '')) {
    await to.delete(page.map(({ key }) => key).filter((key) => !kept.has(key)))
  }
}

const reports: string[] = []
const opened = (over: ObjectStore = first.store, copy: ObjectStore = near.store): ObjectStore =>
  createReplicaStore({
    first: over,
    near: copy,
    neverChanges: (key) => key.startsWith(BLOBS_PREFIX),
    report: (asked) => reports.push(asked),
  })

const REDIRECTS = { redirects: true, redirectHeads: true }

/** Hosts where a client downloads a blob from. */
const downloadedFrom = async (store: ObjectStore, name: string, digest: string) => {
  const send = await clientOf(store, REDIRECTS)
  const { headers } = await expectStatus(307, send(`GET /v2/${name}/blobs/${digest}`))
  const location = headers.get('Location')!
  const response = await fetch(location)
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  return new URL(location).origin
}

beforeEach(() => {
  reports.length = 0
})

describe('a registry with a copy that is behind', () => {
  test('serves what has not arrived from the first, and then from the copy', async () => {
    const image = await pushImage(await clientOf(first.store), 'a/new', 'v1', [])
    const byTag = async () => {
      const send = await clientOf(opened())
      const { body } = await expectStatus(200, send('GET /v2/a/new/manifests/v1'))
      expect(body).toEqual(image.bytes)
    }
    await byTag()
    expect(await downloadedFrom(opened(), 'a/new', CONFIG.sha256)).toBe(first.s3.endpoint)
    await replicate()
    first.s3.counter.reset()
    near.s3.counter.reset()
    await byTag()
    // The tag is the first's, the manifest the copy's.
    expect([first.s3.counter.counts, near.s3.counter.counts]).toEqual([
      // The client's own upload secret is among them.
      { GetObject: 2 },
      { GetObject: 1 },
    ])
    expect(await downloadedFrom(opened(), 'a/new', CONFIG.sha256)).toBe(near.s3.endpoint)
    expect(reports).toEqual([])
  })

  test('asks the copy once whether it has a blob', async () => {
    await pushImage(await clientOf(first.store), 'a/often', 'v1', [])
    await replicate()
    const send = await clientOf(opened(), REDIRECTS)
    first.s3.counter.reset()
    near.s3.counter.reset()
    const pull = () => expectStatus(307, send(`GET /v2/a/often/blobs/${CONFIG.sha256}`))
    await pull()
    await pull()
    expect([first.s3.counter.counts, near.s3.counter.counts]).toEqual([
      { GetObject: 1 },
      { HeadObject: 1 },
    ])
  })

  test('has tags as they are in the first at once: moved, new and deleted', async () => {
    const old = await pushImage(await clientOf(first.store), 'a/tags', 'v1', [])
    await replicate()
    const moved = imageOf([CONFIG])
    const there = await clientOf(first.store)
    await expectStatus(
      201,
      there('PUT /v2/a/tags/manifests/v1', moved.bytes, { 'Content-Type': OCI_MANIFEST }),
    )
    const here = await clientOf(opened())
    const { body } = await expectStatus(200, here('GET /v2/a/tags/manifests/v1'))
    expect(body).toEqual(moved.bytes)
    await expectStatus(202, there(`DELETE /v2/a/tags/manifests/${moved.sha256}`))
    const anew = await clientOf(opened())
    expect(codeOf(await expectStatus(404, anew('GET /v2/a/tags/manifests/v1')))).toBe(
      'MANIFEST_UNKNOWN',
    )
    await expectStatus(200, anew(`GET /v2/a/tags/manifests/${old.sha256}`))
    expect(JSON.parse((await anew('GET /v2/a/tags/tags/list')).body.toString()).tags).toEqual([])
  })

  test('serves nothing that is deleted in the first, though the copy has it all', async () => {
    const image = await pushImage(await clientOf(first.store), 'a/gone', 'v1', [])
    await replicate()
    const there = await clientOf(first.store)
    await expectStatus(202, there(`DELETE /v2/a/gone/manifests/${image.sha256}`))
    await expectStatus(202, there(`DELETE /v2/a/gone/blobs/${CONFIG.sha256}`))
    const here = await clientOf(opened(), REDIRECTS)
    await expectStatus(404, here(`GET /v2/a/gone/manifests/${image.sha256}`))
    await expectStatus(404, here(`GET /v2/a/gone/blobs/${CONFIG.sha256}`))
    await expectStatus(404, here(`HEAD /v2/a/gone/blobs/${CONFIG.sha256}`))
    expect(await near.store.head(layerLinkKey('a/gone', CONFIG.sha256))).toBeDefined()
  })

  test('a push through it is in the first at once, and nothing is written to the copy', async () => {
    near.s3.counter.reset()
    const image = await pushImage(await clientOf(opened()), 'a/pushed', 'v1', [])
    expect(Object.keys(near.s3.counter.counts).sort()).not.toContain('PutObject')
    for (const store of [first.store, opened()]) {
      const send = await clientOf(store)
      const { body } = await expectStatus(200, send('GET /v2/a/pushed/manifests/v1'))
      expect(body).toEqual(image.bytes)
    }
  })

  test('a push does not take the word of the copy for data that the first has lost', async () => {
    await pushImage(await clientOf(first.store), 'a/lost', 'v1', [])
    await replicate()
    await first.store.delete([dataKey(CONFIG.sha256)])
    await pushAsContainerd(await clientOf(opened()), 'a/lost', CONFIG)
    expect((await first.store.head(dataKey(CONFIG.sha256)))?.size).toBe(CONFIG.bytes.length)
  })
})

const failing = (store: ObjectStore, error: Error = new StoreError('unavailable', 'no Region')) =>
  intercept(store, async () => {
    throw error
  })

test('who was told what is old writes nothing by it when the first responds again', async () => {
  await pushImage(await clientOf(first.store), 'a/blink', 'v1', [])
  await replicate()
  let dark = true
  let at = Date.now()
  const blinking = intercept(first.store, async (_, proceed) => {
    if (dark) throw new StoreError('unavailable', 'no Region')
    return proceed()
  })
  const store = createReplicaStore({
    first: blinking,
    near: near.store,
    neverChanges: (key) => key.startsWith(BLOBS_PREFIX),
    now: () => at,
    report: () => {},
  })
  expect(await store.get(tagLinkKey('a/blink', 'v1'))).toBeDefined()
  dark = false
  const upload = { key: 'x/y', id: '1' }
  const writes: readonly (() => Promise<unknown>)[] = [
    () => store.put('x/y', Buffer.from('x')),
    () => store.copy('x/y', 'x/z', 1),
    () => store.delete(['x/y']),
    () => store.deleteIf('x/y', 'etag'),
    () => store.deleteVersion('x/y', 'v'),
    () => store.deleteOnce('x/y'),
    () => store.createMultipart('x/y', 5 * 1024 * 1024),
    () => store.uploadPart(upload, 1, Buffer.from('x')),
    () => store.completeMultipart(upload, []),
  ]
  first.s3.counter.reset()
  for (const write of writes)
    await expect(write()).rejects.toThrow(/nothing is written for another/)
  expect(first.s3.counter.counts).toEqual({})
  at += BLIND_FOR
  await store.put('x/y', Buffer.from('x'))
})

describe('while one of the two does not respond', () => {
  test('the first: pulls go on with what the copy has, pushes and HEADs do not', async () => {
    const image = await pushImage(await clientOf(first.store), 'a/dark', 'v1', [])
    await replicate()
    const dark = intercept(first.store, async ({ operation }, proceed) => {
      if (operation === 'presign') return proceed()
      throw new StoreError('unavailable', 'no Region')
    })
    const send = await clientOf(opened(dark), REDIRECTS)
    await expectStatus(200, send('GET /v2/a/dark/manifests/v1'))
    await expectStatus(200, send(`GET /v2/a/dark/manifests/${image.sha256}`))
    expect(await downloadedFrom(opened(dark), 'a/dark', CONFIG.sha256)).toBe(near.s3.endpoint)
    await expectStatus(200, send('GET /v2/a/dark/tags/list'))
    expect(new Set(reports)).toEqual(new Set(['first']))
    await expectStatus(
      503,
      send(`PUT /v2/a/dark/manifests/v2`, image.bytes, { 'Content-Type': OCI_MANIFEST }),
    )
    await expectStatus(503, send(`HEAD /v2/a/dark/blobs/${CONFIG.sha256}`))
  })

  test('the copy: everything comes from the first', async () => {
    await pushImage(await clientOf(first.store), 'a/lonely', 'v1', [])
    for (const error of [new StoreError('unavailable', 'AccessDenied'), new Error('odd')]) {
      const store = opened(first.store, failing(near.store, error))
      await expectStatus(200, (await clientOf(store))('GET /v2/a/lonely/manifests/v1'))
      expect(await downloadedFrom(store, 'a/lonely', CONFIG.sha256)).toBe(first.s3.endpoint)
    }
    expect(new Set(reports)).toEqual(new Set(['near']))
  })

  test('both: the failure is that of the first', async () => {
    const store = opened(
      failing(first.store, new StoreError('unavailable', 'the first')),
      failing(near.store, new StoreError('unavailable', 'the copy')),
    )
    await expect(store.get(tagLinkKey('a', 'b'))).rejects.toThrow('the first')
    await expect(store.get(dataKey(CONFIG.sha256))).rejects.toThrow('the first')
    await expect(store.list('')).rejects.toThrow('the first')
  })

  test('what the first refuses for another reason is not asked of the copy', async () => {
    const store = opened(failing(first.store, new StoreError('range', 'refused')))
    await expect(store.get(tagLinkKey('a', 'b'))).rejects.toThrow('refused')
    expect(reports).toEqual([])
  })
})
