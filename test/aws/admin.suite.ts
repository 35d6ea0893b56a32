/**
 * The admin API of a deployed stack with `adminApi=on`, with policies enforced: it does all that it offers, and each
 * permission that it adds to the role is needed for that.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { beforeAll, describe, test } from 'vitest'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { administer } from '../access/administer.ts'
import { basic } from '../access/rig.ts'
import { requestLine, type Send } from '../support/rig/client.ts'
import { awsPut } from './support/aws.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { type Emulator, startMiniStack } from './support/emulator.ts'
import { idsOf, stackResources } from './support/resources.ts'
import { type PolicyDocument, type RolePolicy, rolePolicy, shortened } from './support/role.ts'

/** Statements that only an admin API has. */
const OWN = /^(?:Administration|Counted|Undeletes|DeadEvents|EndedReceivers|ResentEvents): /

/** Permissions that are not needed for an operation to succeed, and why the policy has them. */
const NOT_SEEN: readonly (readonly [what: RegExp, why: string])[] = [
  [/config\/changes$/, 'without it, a change is made all the same, and not noted'],
]

const deployed = useDeployment(startMiniStack, {
  ...MINISTACK,
  context: { ...MINISTACK.context, adminApi: 'on' },
})

const storeAsRoot = ({ endpoint, region, env }: Emulator, bucket: string): ObjectStore => {
  const credentials = {
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
  }
  return createS3Store({ bucket, endpoint, region, credentials, forcePathStyle: true })
}

describe('the admin API of a deployed stack', () => {
  let policy: RolePolicy
  let functionName = ''
  let store: ObjectStore
  let send: Send

  beforeAll(async () => {
    const { emulator, stackName, outputs, address, admin, slipway } = deployed()
    policy = await rolePolicy(emulator, stackName)
    const [name = ''] = idsOf(await stackResources(emulator, stackName), 'AWS::Lambda::Function')
    functionName = name
    store = storeAsRoot(emulator, outputs.BucketName)
    const rules = [{ who: [`user:${admin.name}`], repositories: ['**'], actions: ['*', 'admin'] }]
    await slipway('policy set -', JSON.stringify({ version: 1, rules }))
    const authorization = basic(admin.name, admin.password)
    send = async (request, body, headers) => {
      const { method, target } = requestLine(request)
      const answer = await fetch(new URL(target, `http://${address}`), {
        method,
        redirect: 'manual',
        headers: { ...headers, authorization },
        ...(body === undefined ? {} : { body: new Uint8Array(body as Buffer) }),
      })
      const { status, headers: answered } = answer
      return { status, headers: answered, body: Buffer.from(await answer.arrayBuffer()) }
    }
    await restartWith(policy.document)
  })

  /** Restarts the function with another policy, so that nothing read before is in its memory. */
  const restartWith = async (document: PolicyDocument): Promise<void> => {
    await policy.replace(document)
    const path = `/2015-03-31/functions/${functionName}/configuration`
    await awsPut(deployed().emulator, 'lambda', path, { Timeout: 30 })
  }

  test('does all that it offers', async () => {
    await administer(send, store)
  })

  test('needs each permission that it adds', { timeout: 600_000 }, async () => {
    const idle: string[] = []
    for (const { what, policy: document } of shortened(policy.document)) {
      if (!OWN.test(what)) continue
      await restartWith(document)
      const failed = await administer(send, store).then(
        () => false,
        () => true,
      )
      if (!failed) idle.push(what)
    }
    await restartWith(policy.document)
    await administer(send, store)
    assert.deepEqual(
      idle.filter((what) => !NOT_SEEN.some(([known]) => known.test(what))),
      [],
    )
    for (const [known, why] of NOT_SEEN)
      assert.ok(
        idle.some((what) => known.test(what)),
        why,
      )
  })
})
