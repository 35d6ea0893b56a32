/**
 * The official conformance suite through the emulated endpoint of a Web Function, with tokens.
 *
 * @module
 */

import { test } from 'vitest'
import { startBehindEndpoint } from '../e2e/support/behind-endpoint.ts'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { assertConforms } from './published.ts'

/** The suite reads challenges: where they are renamed, no client that logs in gets in. */
const { 'length kept': kept, 'length zero': zero } = WEB_FUNCTIONS

for (const [variant, habits] of Object.entries({ 'length kept': kept, 'length zero': zero })) {
  test(`the official suite on a Web Function, ${variant}`, async () => {
    const { endpoint, alice, close } = await startBehindEndpoint(habits)
    await assertConforms(
      `web-function-${variant.replaceAll(/\W+/g, '-')}`,
      endpoint.address,
      alice,
    ).finally(close)
  })
}
