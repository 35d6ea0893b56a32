/**
 * The stack with policies enforced, always in a MiniStack of its own, since another emulator may not
 * enforce them: `npm run smoke` succeeds; every permission of the function's role is needed for
 * something; and everything else is denied to anybody with the same policy.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { HeadObjectCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Account } from '../e2e/support/client.ts'
import { smokeTests } from './smoke.ts'
import { ALLOWED, REFUSED, type Target } from './support/attempts.ts'
import { awsPut } from './support/aws.ts'
import { kmsClient, s3Client } from './support/clients.ts'
import { useDeployment } from './support/deployment.ts'
import { startMiniStack } from './support/emulator.ts'
import { type Earlier, exercise, prepare } from './support/exercise.ts'
import { idsOf, stackResources } from './support/resources.ts'
import {
  asUserWith,
  type PolicyDocument,
  type RolePolicy,
  rolePolicy,
  shortened,
} from './support/role.ts'
import { startSession } from './support/session.ts'

/** Permissions that are not needed with the emulator, and why the policy has them. */
const NOT_SEEN: readonly (readonly [what: RegExp, why: string])[] = [
  [/^Blobs: s3:AbortMultipartUpload$/, 'cleans up when S3 fails in the middle of a copy'],
  [
    /^Blobs: s3:ListMultipartUploadParts$/,
    'for parts that clients send to S3 themselves, which no client here does',
  ],
  [/^CleanUp: /, 'only a stack with gc=on uses them; clean-up.suite.ts has one'],
  [/config\/changes$/, 'without it, the audit trail does not say who changed a document'],
  [/^ReferrerPages: /, 'without them, lists of referrers are read one by one'],
  [/^LogIns: s3:\w+$/, 'without them, failed log-ins are counted in memory, and log-ins go on'],
  [/: kms:\w+$/, "the keys' own policies name the role; on AWS either is enough"],
  [
    /^Log: logs:\w+$/,
    'the emulator writes logs itself; Lambda does it with the rights of the role',
  ],
]

const deployed = useDeployment(startMiniStack)

describe('npm run smoke', () => smokeTests(deployed))

describe('the role of the deployed function', () => {
  let policy: RolePolicy
  let functionName = ''
  let robot: Account
  let earlier: Earlier
  beforeAll(async () => {
    const deployment = deployed()
    const { emulator, stackName } = deployment
    policy = await rolePolicy(emulator, stackName)
    const [name = ''] = idsOf(await stackResources(emulator, stackName), 'AWS::Lambda::Function')
    functionName = name
    const secret = await deployment.slipway('robot add ci --expires 1d')
    robot = { name: 'robot+ci', password: secret.trim() }
    earlier = await prepare(deployment)
    await restartWith(policy.document)
  })

  /** Restarts the function with another policy, so that nothing read before is in its memory. */
  const restartWith = async (document: PolicyDocument): Promise<void> => {
    await policy.replace(document)
    const path = `/2015-03-31/functions/${functionName}/configuration`
    await awsPut(deployed().emulator, 'lambda', path, { Timeout: 30 })
  }

  test('does everything that clients request', () => exercise(deployed(), robot, earlier))

  test('needs each permission of its policy', { timeout: 600_000 }, async () => {
    const idle: string[] = []
    for (const { what, policy: document } of shortened(policy.document)) {
      await restartWith(document)
      const failed = await exercise(deployed(), robot, earlier).then(
        () => false,
        () => true,
      )
      if (!failed) idle.push(what)
    }
    await restartWith(policy.document)
    await exercise(deployed(), robot, earlier)
    const unexplained = idle.filter((what) => !NOT_SEEN.some(([known]) => known.test(what)))
    assert.deepEqual(unexplained, [])
    for (const [known, why] of NOT_SEEN)
      assert.ok(
        idle.some((what) => known.test(what)),
        why,
      )
  })

  describe('anybody with the same policy', () => {
    let target: Target
    beforeAll(async () => {
      const { emulator, stackName, outputs } = deployed()
      const root = s3Client(emulator)
      const resources = await stackResources(emulator, stackName)
      const Bucket = outputs.BucketName
      const session = await startSession(deployed(), 'role/image')
      const hex = (await session.pushBlob(randomBytes(100))).slice('sha256:'.length)
      const blobKey = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
      const { VersionId = '' } = await root.send(new HeadObjectCommand({ Bucket, Key: blobKey }))
      const { Buckets = [] } = await root.send(new ListBucketsCommand({}))
      const other = Buckets.find(({ Name }) => Name?.startsWith('cdk-'))
      root.destroy()
      const keyOf = (word: string) =>
        resources.find(
          ({ type, logicalId }) => type === 'AWS::KMS::Key' && logicalId.includes(word),
        )
      const [roleName = ''] = idsOf(resources, 'AWS::IAM::Role')
      const as = await asUserWith(emulator, 'same-policy', policy.document)
      target = {
        emulator: as,
        s3: s3Client(as),
        kms: kmsClient(as),
        Bucket,
        otherBucket: other?.Name ?? '',
        blobKey,
        VersionId,
        signingKey: keyOf('Signing')?.physicalId ?? '',
        uploadKey: keyOf('Upload')?.physicalId ?? '',
        roleArn: `arn:aws:iam::000000000000:role/${roleName}`,
      }
      for (const [name, value] of Object.entries(target)) assert.ok(value, `no ${name}`)
    })
    afterAll(() => {
      target?.s3.destroy()
      target?.kms.destroy()
    })

    test('needs it to read a blob', async () => {
      const url = `${target.emulator.endpoint}/${target.Bucket}/${target.blobKey}`
      assert.equal((await fetch(url)).status, 403)
    })

    for (const [what, attempt] of Object.entries(ALLOWED)) {
      test(`may ${what}`, async () => {
        await attempt(target)
      })
    }

    for (const [what, attempt] of Object.entries(REFUSED)) {
      test(`may not ${what}`, async () => {
        await assert.rejects(attempt(target), (error: Error) => {
          assert.match(`${error.name} ${error.message}`, /AccessDenied|not authorized/)
          return true
        })
      })
    }
  })
})
