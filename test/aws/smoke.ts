/**
 * `npm run smoke` with the deployed stack, as after a first deployment.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { CHECKS } from '../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../functions/cli/smoke/run.ts'
import type { Deployed } from './support/deployment.ts'

/** Declares the test. It needs an emulator that denies what AWS denies. */
export const smokeTests = (deployed: Deployed): void => {
  test('all checks succeed for the deployed stack', async () => {
    const { address, admin } = deployed()
    const printed: string[] = []
    const results = await runChecks(
      { origin: `http://${address}`, repository: 'smoke/emulated', user: admin },
      CHECKS,
      (line) => printed.push(line),
    )
    const failed = results.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check.id)
    assert.deepEqual(failed, [], printed.join('\n'))
  })
}
