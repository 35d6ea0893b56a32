/**
 * The official conformance suite 1.1 through the emulated HTTP API, function and bucket, with tokens and
 * redirects of blobs.
 *
 * @module
 */

import { test } from 'vitest'
import { assertConforms } from '../conformance/published.ts'
import type { Deployed } from './support/deployment.ts'

/** Declares the test. */
export const conformanceTests = (deployed: Deployed): void => {
  test('the official suite', async () => {
    const { address, admin } = deployed()
    await assertConforms('emulated-aws', address, admin)
  })
}
