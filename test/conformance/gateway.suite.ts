/**
 * The official conformance suite through the emulated API Gateway and Lambda, with tokens.
 *
 * @module
 */

import { test } from 'vitest'
import { startBehindGateway } from '../e2e/support/behind-gateway.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import { assertConforms } from './published.ts'

for (const [variant, habits] of Object.entries(GATEWAYS)) {
  test(`the official suite through a gateway, ${variant}`, async () => {
    const { gateway, alice, close } = await startBehindGateway(habits)
    await assertConforms(
      `gateway-${variant.replaceAll(/\W+/g, '-')}`,
      gateway.address,
      alice,
    ).finally(close)
  })
}
