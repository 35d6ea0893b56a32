/**
 * How long a service that throttles is waited for.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { createRetryStrategy } from '../../../functions/storage/s3/retries.ts'

test('waits get longer, but none longer than two seconds', async (t) => {
  const { random } = Math
  t.onTestFinished(() => {
    Math.random = random
  })
  // The longest that chance may have.
  Math.random = () => 1
  const waits: number[] = []
  const { setTimeout } = globalThis
  t.onTestFinished(() => {
    globalThis.setTimeout = setTimeout
  })
  globalThis.setTimeout = ((happen: () => void, milliseconds: number) => {
    waits.push(milliseconds)
    return setTimeout(happen, 0)
  }) as typeof setTimeout
  const strategy = createRetryStrategy()
  let token = await strategy.acquireInitialRetryToken('')
  const throttled = { errorType: 'THROTTLING' } as const
  for (let attempt = 2; attempt <= 6; attempt++) {
    token = await strategy.refreshRetryTokenForRetry(token, throttled)
  }
  await assert.rejects(strategy.refreshRetryTokenForRetry(token, throttled), /No retry token/)
  assert.deepEqual(waits, [1000, 2000, 2000, 2000, 2000])
})
