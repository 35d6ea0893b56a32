/**
 * An S3 that throttles for good.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { clientOf, codeOf } from '../support/rig/client.ts'
import { openBucket } from '../support/rig/stores.ts'

/** Milliseconds after which API Gateway answers in the function's place. */
const GATEWAY_TIMEOUT = 30_000

test('is answered 503 in time for the client to hear of it', async (t) => {
  const { s3, store, close } = await openBucket()
  t.onTestFinished(close)
  const send = await clientOf(store)
  s3.faults.next({}, { error: 'SlowDown' }, 1000)
  const start = performance.now()
  const answer = await send('GET /v2/app/manifests/v1')
  assert.ok(performance.now() - start < GATEWAY_TIMEOUT)
  assert.equal(answer.status, 503)
  assert.equal(codeOf(answer), 'UNAVAILABLE')
  assert.match(answer.headers.get('Retry-After') ?? '', /^\d+$/)
})
