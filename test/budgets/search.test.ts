/**
 * What a search costs on S3, as docs/search.md has it, and what the function on AWS pays to keep the index.
 *
 * @module
 */

import { beforeAll, describe, expect, test } from 'vitest'
import { OUTBOX } from '../../functions/events/record.ts'
import { createHandler, type EventsHandler } from '../../functions/handlers/events.ts'
import { EVENT_RECEIVERS_KEY } from '../../functions/registry/layout.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { mend } from '../../functions/search/mend.ts'
import { write } from '../auth/harness.ts'
import { DOCUMENT, searchRecorder } from '../search/rig.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { meter } from './measure.ts'

const { s3, store, open, costs } = await meter()
const context = { functionName: 'events', getRemainingTimeInMillis: () => 300_000 }

let handle: EventsHandler
let send: Send
beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = s3.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey
  handle = createHandler({
    SLIPWAY_STORE: `s3://${s3.bucket}`,
    SLIPWAY_S3_ENDPOINT: s3.endpoint,
    SLIPWAY_S3_REGION: s3.region,
    SLIPWAY_LOG_LEVEL: 'silent',
  })
  await write(store, EVENT_RECEIVERS_KEY, DOCUMENT)
  send = await open({ events: searchRecorder(store) })
  await pushAtOnce(send, 'app', CONFIG)
  await pushManifest(send, 'app', 'v1', imageOf())
  await mend(store)
  // The first tries whether S3 heeds the condition of a delete.
  await (await recorded())()
})

/** What calls the function for what is recorded, as S3 does. */
const recorded = async (): Promise<() => Promise<void>> => {
  const { objects } = await store.list(OUTBOX)
  expect(objects).toHaveLength(1)
  return () => handle({ detail: { object: { key: objects[0]?.key } } }, context)
}

/** A client of an app that remembers nothing. */
const cold = (): Promise<Send> => {
  const current = openCurrent(store)
  return open({ index: async () => current })
}

describe('an instance that remembers nothing', () => {
  test.each([
    ['/v1/search?q=app', 1],
    ['/api/v1/search?q=app', 1],
    ['/api/v1/search?tag=v1', 3],
    ['/api/v1/search?tag=none', 2],
    [`/api/v1/search?digest=${imageOf().sha256.slice(0, 20)}`, 3],
  ])('GET %s: %i reads', async (path, reads) => {
    const fresh = await cold()
    await costs({ calls: { GetObject: reads } }, () => expectStatus(200, fresh(`GET ${path}`)))
  })
})

test('the next search costs nothing', async () => {
  const warm = await cold()
  await expectStatus(200, warm('GET /api/v1/search?tag=v1'))
  await costs({ calls: {} }, () => expectStatus(200, warm('GET /api/v1/search?tag=v1')))
})

test('a push costs the record, beside a step that is there', async () => {
  const image = imageOf([], { annotations: { is: 'recorded' } })
  await costs({ calls: { HeadObject: 1, PutObject: 4 }, steps: 3 }, () =>
    pushManifest(send, 'app', 'v2', image),
  )
})

test('a push that comes alone into the index', async () => {
  const calls = { GetObject: 16, HeadObject: 3, ListObjectsV2: 5, PutObject: 6, DeleteObject: 4 }
  const send = await recorded()
  await costs({ calls }, send)
  await expectStatus(200, (await cold())('GET /api/v1/search?tag=v2'))
})
