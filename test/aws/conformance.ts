/**
 * The official conformance suite 1.1 through the emulated HTTP API, function and bucket, with tokens and
 * redirects of blobs.
 *
 * @module
 */

import { join } from 'node:path'
import { assertConforms } from '../conformance/published.ts'
import { testWith } from '../support/live/installed.ts'
import { toolCache } from '../support/live/process.ts'
import type { Deployed } from './support/deployment.ts'

/** Declares the test. */
export const conformanceTests = (deployed: Deployed): void => {
  testWith([join(toolCache, 'bin/conformance')], 'the official suite', async () => {
    const { address, admin } = deployed()
    await assertConforms('emulated-aws', address, admin)
  })
}
