/**
 * The function that records pulls, event by event, on S3.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHandler } from '../../functions/handlers/pulls.ts'
import { pulledKey } from '../../functions/registry/layout.ts'
import { pullsSince } from '../../functions/registry/pulls/record.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { batchOf } from '../support/hosts/log-batch.ts'
import { startBucket } from '../support/hosts/start.ts'
import { storeOn } from '../support/rig/stores.ts'
import { WRONG } from './wrong-settings.ts'

const DIGEST = `sha256:${'1'.repeat(64)}`

/** What EventBridge sends by a schedule. */
const SCHEDULED = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: '2026-11-27T00:00:00Z',
  region: 'eu-central-1',
  resources: ['arn:aws:events:eu-central-1:123456789012:rule/Schedule'],
  detail: {},
}

describe('on S3', () => {
  let s3: S3Server
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    const bucket = await startBucket()
    s3 = bucket.server
    env = { ...bucket.env, SLIPWAY_STORE: `s3://${s3.bucket}` }
  })
  afterAll(() => s3.close())

  const line = JSON.stringify({ pulled: { repository: 'a/b', digest: DIGEST }, msg: 'pulled' })

  test('pulls in a batch are recorded, and it says nothing of since when', async () => {
    await createHandler(env)({ awslogs: { data: batchOf(['START', line]) } })
    const store = storeOn(s3)
    expect(await store.head(pulledKey('a/b', DIGEST))).toMatchObject({ size: 0 })
    expect(await pullsSince(store, Date.now())).toBeUndefined()
  })

  test('its schedule says since when', async () => {
    await createHandler(env)(SCHEDULED)
    expect(await pullsSince(storeOn(s3), Date.now())).toBeDefined()
  })

  test.each([[null], [{}], ['x'], [{ data: 1 }]])(
    '%j in place of a batch is dropped',
    async (awslogs) => {
      expect(await createHandler(env)({ awslogs })).toBeUndefined()
    },
  )

  test('a store that does not respond is an error, so that the batch is sent again', async () => {
    const elsewhere = { ...env, SLIPWAY_S3_ENDPOINT: 'http://127.0.0.1:1' }
    const send = createHandler(elsewhere)
    await expect(send({ awslogs: { data: batchOf([line]) } })).rejects.toThrow(/./)
    await expect(send(SCHEDULED)).rejects.toThrow(/./)
  })
})

describe('settings that cannot be used', () => {
  // It has no clients, and sends nobody anywhere.
  const wrong = WRONG.filter(([env]) => env.SLIPWAY_PUBLIC_URL === undefined)
  test.each(wrong)('%o', async (env, message) => {
    await expect(createHandler(env)({})).rejects.toThrow(message)
  })
})
