/**
 * The function that sends events, event by event, on S3.
 *
 * @module
 */

import type { S3NotificationEvent } from 'aws-lambda'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OUTBOX, outboxKey } from '../../functions/events/record.ts'
import { createHandler } from '../../functions/handlers/events.ts'
import { EVENT_RECEIVERS_KEY } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { write } from '../auth/harness.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { serveReceiver } from '../events/receiver.ts'
import { record } from '../events/records.ts'
import { leftIn } from '../events/rig.ts'
import { startBucket } from '../support/hosts/start.ts'
import { storeOn } from '../support/rig/stores.ts'
import { WRONG } from './wrong-settings.ts'

const context = { functionName: 'events', getRemainingTimeInMillis: () => 300_000 }

/** What a schedule of EventBridge sends, in so far as it matters. */
const SCHEDULED = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }

/** What S3 sends by EventBridge for a new object, as its user guide has it. */
const created = (key: string): S3NotificationEvent => ({
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account: '111122223333',
  time: '2021-11-12T00:00:00Z',
  region: 'ca-central-1',
  resources: ['arn:aws:s3:::amzn-s3-demo-bucket1'],
  detail: {
    version: '0',
    bucket: { name: 'amzn-s3-demo-bucket1' },
    object: {
      key,
      size: 5,
      etag: 'b1946ac92492d2347c6235b4d2611184',
      'version-id': 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
      sequencer: '617f08299329d189',
    },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '123456789012',
    'source-ip-address': '1.2.3.4',
    reason: 'PutObject',
  },
})

describe('on S3', () => {
  let s3: S3Server
  let store: ObjectStore
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    const bucket = await startBucket()
    s3 = bucket.server
    store = storeOn(s3)
    env = {
      ...bucket.env,
      SLIPWAY_STORE: `s3://${s3.bucket}`,
      SLIPWAY_PUBLIC_URL: 'https://registry.example',
      SLIPWAY_EVENT_KEY: 'key',
    }
  })
  afterAll(() => s3.close())
  beforeEach(async () => {
    const { objects } = await store.list('slipway/')
    await store.delete(objects.map(({ key }) => key))
  })

  const setReceivers = (url: string) =>
    write(
      store,
      EVENT_RECEIVERS_KEY,
      JSON.stringify({
        version: 1,
        receivers: [
          { name: 'hooks', url, secret: 'env:SLIPWAY_EVENT_KEY', private: ['127.0.0.1'] },
        ],
      }),
    )

  test.each<[string, (key: string) => object]>([
    ['S3', created],
    ['S3, of a registry in a folder', (key) => created(`a/b/${key}`)],
    ['its schedule', () => SCHEDULED],
  ])('called by %s, it sends what is recorded', async (_, eventOf) => {
    const hooks = await serveReceiver((_, response) => response.end())
    await setReceivers(hooks.url)
    const made = await record(store)
    await createHandler(env)(eventOf(outboxKey(made)), context)
    expect(hooks.ids()).toEqual([made.id])
    const [{ headers, body } = { headers: {}, body: '' }] = hooks.received
    expect(headers['webhook-signature']).toMatch(/^v1,/)
    expect(JSON.parse(body).source).toBe('https://registry.example')
    expect(await leftIn(store)).toEqual({})
  })

  test('for what is no longer there it sends nothing', async () => {
    const hooks = await serveReceiver((_, response) => response.end())
    await setReceivers(hooks.url)
    await record(store)
    await createHandler(env)(created(`${OUTBOX}1735689600000-x`), context)
    expect(hooks.received).toEqual([])
  })

  test('with little time left it begins nothing', async () => {
    const hooks = await serveReceiver((_, response) => response.end())
    await setReceivers(hooks.url)
    await record(store)
    const late = { ...context, getRemainingTimeInMillis: () => 15_000 }
    await createHandler(env)(SCHEDULED, late)
    expect(hooks.received).toEqual([])
    expect(await leftIn(store)).toEqual({ outbox: 1 })
  })

  test('without receivers it leaves everything', async () => {
    await record(store)
    await createHandler(env)(SCHEDULED, context)
    expect(await leftIn(store)).toEqual({ outbox: 1 })
  })

  test('a receiver that fails is no error of the function', async () => {
    const hooks = await serveReceiver((_, response) => {
      response.writeHead(503, { 'retry-after': '60' }).end()
    })
    await setReceivers(hooks.url)
    await record(store)
    await createHandler(env)(SCHEDULED, context)
    expect(hooks.received).toHaveLength(1)
    expect(await leftIn(store)).toEqual({ waiting: 1 })
  })

  test('a document that is invalid is one, and so is a store that does not respond', async () => {
    await write(store, EVENT_RECEIVERS_KEY, 'version: 2\n')
    await expect(createHandler(env)(SCHEDULED, context)).rejects.toThrow(/version/)
    const elsewhere = { ...env, SLIPWAY_S3_ENDPOINT: 'http://127.0.0.1:1' }
    await expect(createHandler(elsewhere)(SCHEDULED, context)).rejects.toThrow(/./)
  })
})

describe('settings that cannot be used', () => {
  // It has no clients, and sends nobody anywhere.
  const wrong = WRONG.filter(([env]) => env.SLIPWAY_PUBLIC_URL === undefined)
  test.each(wrong)('%o', async (env, message) => {
    await expect(createHandler(env)({}, context)).rejects.toThrow(message)
  })
})
