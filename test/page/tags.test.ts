/**
 * Pages of tags on a store whose versions say nothing, and beside what distribution has written.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { MOST_CALLS } from '../../functions/page/tags.ts'
import { tagPrefix } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'

const COUNT = 60

const tagOf = (at: number): string => `v${String(at).padStart(2, '0')}`
const manifestOf = (at: number) => imageOf([], { annotations: { at: String(at) } })

let store: ObjectStore
let calls = 0
const began = Date.now()
let close: () => Promise<void>

beforeAll(async () => {
  const opened = await openFiles()
  close = opened.close
  const { get, list } = opened.store
  store = {
    ...opened.store,
    get: (...args) => {
      calls += 1
      return get(...args)
    },
    list: (...args) => {
      calls += 1
      return list(...args)
    },
  }
  const send = await clientOf(opened.store)
  await pushAtOnce(send, 'app', CONFIG)
  for (let at = 0; at < COUNT; at++) await pushManifest(send, 'app', tagOf(at), manifestOf(at))
})
afterAll(() => close())

const page = async (send: Send, query = '') => {
  calls = 0
  const { body } = await expectStatus(200, send(`GET /api/v1/tags/app${query}`))
  const { tags, complete, next } = JSON.parse(body.toString())
  return { tags, complete, next, calls }
}

test('where each tag has to be read, a page is completed by the next requests', async () => {
  const send = await clientOf(store, { now: () => began })
  const first = await page(send)
  expect(first.calls).toBeLessThanOrEqual(MOST_CALLS)
  expect([first.tags.length, first.complete]).toEqual([50, false])
  for (const [at, { digest }] of first.tags.entries()) expect(digest).toBe(manifestOf(at).sha256)
  const second = await page(send)
  expect(second.calls).toBeLessThanOrEqual(MOST_CALLS)
  expect(second.tags.every(({ kind }: { kind?: string }) => kind === 'image')).toBe(true)
  const third = await page(send)
  expect([third.calls, third.complete]).toEqual([2, true])
  expect((await page(send)).calls).toBe(1)
})

test('a tag that moves is seen at its new place', async () => {
  const send = await clientOf(store)
  await page(send, '?begins=v59')
  await pushManifest(send, 'app', 'v59', manifestOf(0))
  const { tags } = await page(send, '?begins=v59')
  expect(tags).toMatchObject([{ tag: 'v59', digest: manifestOf(0).sha256 }])
})

test("what distribution notes of a tag's past is no tag, and loses none", async () => {
  const send = await clientOf(store)
  for (let at = 0; at < 5; at++) {
    for (let past = 0; past < 60; past++) {
      const hex = past.toString(16).padStart(64, '0')
      const key = `${tagPrefix('app', tagOf(at))}index/sha256/${hex}/link`
      await store.put(key, Buffer.from(`sha256:${hex}`))
    }
  }
  const all: string[] = []
  for (let query = '?n=10'; query !== ''; ) {
    const { tags, next, calls: made } = await page(send, query)
    expect(made).toBeLessThanOrEqual(MOST_CALLS)
    all.push(...tags.map(({ tag }: { tag: string }) => tag))
    query = next === undefined ? '' : `?n=10&last=${next}`
  }
  expect(all).toEqual(Array.from({ length: COUNT }, (_, at) => tagOf(at)))
})
