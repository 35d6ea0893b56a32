/**
 * The whole stack, with its Web Function, in a current LocalStack, which needs docker and a token. It is
 * the one suite that is skipped where these are not given.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { CHECKS } from '../../functions/cli/smoke/checks.ts'
import { runChecks } from '../../functions/cli/smoke/run.ts'
import { useDeployment } from '../aws/support/deployment.ts'
import { describeGiven } from '../support/live/installed.ts'
import { startLatestLocalStack } from './support/latest.ts'

describeGiven('LOCALSTACK_AUTH_TOKEN', 'the whole stack in a current LocalStack', () => {
  const deployed = useDeployment(startLatestLocalStack, {
    context: { webFunction: 'on', terminationProtection: 'off' },
    closeGaps: async () => undefined,
  })

  test('smoke finds everything right, 50 MB at the Web Function included', async () => {
    const { address, admin, outputs } = deployed()
    assert.ok(outputs.PushHost, 'the stack has a Web Function')
    const target = {
      origin: `http://${address}`,
      pushHost: `https://${outputs.PushHost}`,
      repository: 'smoke/localstack',
      user: admin,
    }
    const printed: string[] = []
    const results = await runChecks(target, CHECKS, (line) => printed.push(line))
    const wrong = results.filter(({ verdict }) => verdict !== 'ok')
    assert.deepEqual(wrong, [], printed.join('\n'))
  })

  test('the stack is deleted without a rest', async () => {
    await deployed().destroy()
  })
})
