/**
 * A deployed stack with `awsAllow`: users of the account that it names push and pull through the API, and others do not
 * log in.
 *
 * @module
 */

import { beforeAll, describe, expect, test } from 'vitest'
import { projectRoot, run } from '../support/live/process.ts'
import { awsGet, awsPut } from './support/aws.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { startMiniStack } from './support/emulator.ts'
import { idOf } from './support/invoke.ts'
import { asUserWith } from './support/role.ts'

const ACCOUNT = '000000000000'

const deployed = useDeployment(startMiniStack, {
  ...MINISTACK,
  context: { ...MINISTACK.context, awsAllow: `arn:aws:iam::${ACCOUNT}:user/ci` },
})

const POLICY = `version: 1
rules:
  - { who: ['user:admin'], repositories: ['**'], actions: ['*'] }
`

/** The password of a user that may do nothing in AWS. */
const passwordOf = async (user: string, registry?: string): Promise<string> => {
  const { emulator, address } = deployed()
  const nothing = { Effect: 'Deny', Action: '*', Resource: '*' }
  const { env } = await asUserWith(emulator, user, { Statement: [nothing] })
  const command = ['functions/handlers/cli.ts', 'login-password', registry ?? address]
  return (await run(process.execPath, command, { cwd: projectRoot, env })).trim()
}

const basic = (password: string): string =>
  `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`

const ask = (password: string): Promise<Response> =>
  fetch(
    `http://${deployed().address}/token?service=slipway&scope=repository:team/a:pull,push,delete`,
    { headers: { Authorization: basic(password) } },
  )

describe('log-ins with AWS credentials at a deployed stack', () => {
  let variables: Readonly<Record<string, string>>
  beforeAll(async () => {
    const { emulator, stackName, slipway } = deployed()
    // With the one that the first user made, whoever logs in may do everything.
    await slipway('policy set -', POLICY)
    const name = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryApi')
    const path = `/2015-03-31/functions/${name}/configuration`
    const { Environment } = (await awsGet(emulator, 'lambda', path)) as {
      readonly Environment: { readonly Variables: Readonly<Record<string, string>> }
    }
    variables = Environment.Variables
    // STS is not where AWS has it.
    const Variables = { ...variables, SLIPWAY_AWS_STS_ENDPOINT: emulator.endpoint }
    await awsPut(emulator, 'lambda', path, { Environment: { Variables } })
  })

  test('the function is told who, where, and by which name', () => {
    const { emulator, address } = deployed()
    expect(variables).toMatchObject({
      SLIPWAY_AWS_ACCOUNTS: `arn:aws:iam::${ACCOUNT}:user/ci`,
      SLIPWAY_AWS_ALLOW: `arn:aws:iam::${ACCOUNT}:user/ci`,
      SLIPWAY_AWS_AUDIENCE: address,
      SLIPWAY_AWS_REGIONS: emulator.region,
    })
  })

  test('the user that the context names may pull and push', async () => {
    const answer = await ask(await passwordOf('ci'))
    const body = await answer.text()
    expect(answer.status, body).toBe(200)
    const { scope, token } = JSON.parse(body)
    expect(scope).toBe('repository:team/a:pull,push')
    const begun = await fetch(`http://${deployed().address}/v2/team/a/blobs/uploads/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(begun.status).toBe(202)
  })

  test('nobody else of its account logs in', async () => {
    const answer = await ask(await passwordOf('stranger'))
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('user/stranger, who may not log in here')
  })

  test('a log-in for another registry is refused', async () => {
    const answer = await ask(await passwordOf('elsewhere', 'other.example'))
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('is for the registry')
  })
})
