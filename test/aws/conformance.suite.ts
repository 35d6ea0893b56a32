/**
 * The official conformance suite 1.1 through the emulated HTTP API, function and bucket, logged in with
 * tokens; blobs by redirects.
 *
 * @module
 */

import { test } from 'vitest'
import { assertConforms } from '../conformance/published.ts'
import { startDeployment } from './support/deployment.ts'

test('the official suite on the deployed stack', { timeout: 600_000 }, async () => {
  const deployment = await startDeployment()
  try {
    await assertConforms('emulated-aws', deployment.address, deployment.admin)
  } finally {
    await deployment.close()
  }
})
