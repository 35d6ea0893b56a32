/**
 * The official conformance suite of the OCI distribution specification, version 1.1, on every set-up.
 * For newer versions of the suite, see official.ts.
 *
 * @module
 */

import { test } from 'vitest'
import { setupNames, startSetup } from '../support/live/setups.ts'
import { assertConforms } from './published.ts'

for (const name of setupNames) {
  test(`the official suite on ${name}`, async () => {
    const setup = await startSetup(name)
    await assertConforms(name, setup.registry.address).finally(setup.close)
  })
}
