/**
 * An S3 that keeps throttling.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { clientOf, codeOf } from '../support/rig/client.ts'
import { openBucket } from '../support/rig/stores.ts'

/** Milliseconds after which API Gateway responds instead of the function. */
const GATEWAY_TIMEOUT = 30_000

test('the client gets 503 before the gateway gives up', async (t) => {
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
