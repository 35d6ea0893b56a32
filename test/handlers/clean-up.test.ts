/**
 * The function of the clean-up, call by call, on S3.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHandler } from '../../functions/handlers/clean-up.ts'
import { findKeepers } from '../../functions/registry/clean-up/keepers.ts'
import { FENCE_KEY } from '../../functions/registry/layout.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { startBucket } from '../support/hosts/start.ts'
import { storeOn } from '../support/rig/stores.ts'
import { WRONG } from './wrong-settings.ts'

const context = { functionName: 'clean-up', getRemainingTimeInMillis: () => 15 * 60_000 }

describe('on S3', () => {
  let s3: S3Server
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    const bucket = await startBucket()
    s3 = bucket.server
    env = { ...bucket.env, SLIPWAY_STORE: `s3://${s3.bucket}` }
  })
  afterAll(() => s3.close())

  test('its first call raises the fence, and waits', async () => {
    await createHandler(env)({}, context)
    const store = storeOn(s3)
    expect(await store.head(FENCE_KEY)).toBeDefined()
    const keepers = await findKeepers(store, Date.now())
    expect(keepers.map(({ name }) => name)).toEqual(['the function clean-up'])
    expect(await findKeepers(store, Date.now() + 3 * 60 * 60_000)).toEqual([])
  })

  test('a store that does not respond is an error', async () => {
    const elsewhere = { ...env, SLIPWAY_S3_ENDPOINT: 'http://127.0.0.1:1' }
    await expect(createHandler(elsewhere)({}, context)).rejects.toThrow(/./)
  })
})

describe('settings that cannot be used', () => {
  // It has no clients, and sends nobody anywhere.
  const wrong = WRONG.filter(([env]) => env.SLIPWAY_PUBLIC_URL === undefined)
  test.each(wrong)('%o', async (env, message) => {
    await expect(createHandler(env)({}, context)).rejects.toThrow(message)
  })
})
