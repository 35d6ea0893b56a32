/**
 * `npm run smoke` against the deployed stack, as somebody would who has just deployed it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { CHECKS } from '../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../functions/cli/smoke/run.ts'
import { type Deployment, startDeployment } from './support/deployment.ts'
import { startMiniStack } from './support/emulator.ts'

describe('npm run smoke', () => {
  let deployment: Deployment
  beforeAll(async () => {
    // One that refuses what AWS refuses, which an emulator that runs already need not.
    deployment = await startDeployment(startMiniStack)
  }, 300_000)
  afterAll(() => deployment?.close())

  test('all that clients need holds for the deployed stack', async () => {
    const printed: string[] = []
    const results = await runChecks(
      {
        origin: `http://${deployment.address}`,
        repository: 'smoke/emulated',
        user: deployment.admin,
      },
      CHECKS,
      (line) => printed.push(line),
    )
    const failed = results.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check.id)
    assert.deepEqual(failed, [], printed.join('\n'))
  })
})
