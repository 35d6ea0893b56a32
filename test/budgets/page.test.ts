/**
 * What the requests of the page cost on S3, as docs/page.md has it.
 *
 * @module
 */

import { beforeAll, expect, test } from 'vitest'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { meter } from './measure.ts'

const { costs, open } = await meter()

const tagOf = (at: number): string => `v${String(at).padStart(2, '0')}`

beforeAll(async () => {
  const send = await open()
  await pushAtOnce(send, 'app', CONFIG)
  for (let at = 0; at < 60; at++) {
    await pushManifest(send, 'app', tagOf(at), imageOf([], { annotations: { at: String(at) } }))
  }
})

const page = async (send: Send, query = '') => {
  const { body } = await expectStatus(200, send(`GET /api/v1/tags/app${query}`))
  return JSON.parse(body.toString())
}

test('a page of 50 tags: two listings and a read for each manifest, in three steps; then what is around them; then one listing', async () => {
  const send = await open()
  const first = await costs({ calls: { ListObjectsV2: 2, GetObject: 50 }, steps: 3 }, () =>
    page(send),
  )
  expect([first.tags.length, first.complete, first.next]).toEqual([50, false, tagOf(49)])
  // What is attached, by referrers and by tags; whether pulls are recorded; and who has set the tags.
  const around = { calls: { ListObjectsV2: 3, GetObject: 1, HeadObject: 48 }, steps: 2 }
  expect((await costs(around, () => page(send))).complete).toBe(false)
  const rest = { calls: { ListObjectsV2: 1, HeadObject: 2 } }
  expect((await costs(rest, () => page(send))).complete).toBe(true)
  await costs({ calls: { ListObjectsV2: 1 } }, () => page(send))
  const few = { calls: { ListObjectsV2: 2, GetObject: 10, HeadObject: 10 } }
  const second = await costs(few, () => page(send, `?last=${tagOf(49)}`))
  expect([second.tags.length, second.complete]).toEqual([10, true])
})

test('an image: tag, manifest, configuration and referrers', async () => {
  const send = await open()
  const calls = { ListObjectsV2: 1, GetObject: 4 }
  await costs({ calls, steps: 3 }, () =>
    expectStatus(200, send('GET /api/v1/images/app?reference=v01')),
  )
})

test('repositories without an index: a listing for each thousand, one for each of the page, and the sizes', async () => {
  const send = await open()
  await costs({ calls: { ListObjectsV2: 2, GetObject: 1 } }, () =>
    expectStatus(200, send('GET /api/v1/catalog')),
  )
  await costs({ calls: {} }, () => expectStatus(200, send('GET /api/v1/catalog?q=app')))
})
