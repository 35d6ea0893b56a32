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

/** What needs an upload host: the emulator has no Web Functions. */
const ELSEWHERE = [
  'location-followed',
  'patch-50MB',
  'put-50MB',
  'push-host-challenge',
  'push-host-manifest-head',
  'push-host-patch-50MB',
  'push-host-put-50MB',
]

/** Declares the test. It needs an emulator that denies what AWS denies. */
export const smokeTests = (deployed: Deployed): void => {
  test('all checks succeed for the deployed stack, but what needs an upload host', async () => {
    const { address, admin } = deployed()
    const printed: string[] = []
    const results = await runChecks(
      { origin: `http://${address}`, repository: 'smoke/emulated', user: admin },
      CHECKS,
      (line) => printed.push(line),
    )
    const idsWith = (wanted: string) =>
      results.filter(({ verdict }) => verdict === wanted).map(({ check }) => check.id)
    assert.deepEqual(idsWith('NOT'), [], printed.join('\n'))
    assert.deepEqual(idsWith('unknown'), ELSEWHERE, printed.join('\n'))
  })
}
