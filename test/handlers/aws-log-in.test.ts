/**
 * Log-ins with AWS credentials at the Lambda handler: with the longest session token, the password of a client comes
 * through a gateway.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { awsPassword } from '../../functions/credentials/aws.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import { basic, jsonOf } from '../access/rig.ts'
import { lambdaOf } from '../emulators/gateway/function.ts'
import { sendThrough } from '../emulators/gateway/gateway.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { type StsServer, startSts } from '../emulators/sts/server.ts'
import { startBucket } from '../support/hosts/start.ts'

const NAME = 'registry.example.com'
const ROLE = {
  accessKeyId: 'ASIAROLEROLEROLEROLE',
  secretAccessKey: 'role secret',
  sessionToken: 'ABCDEFGHIJ/LMNOPQRSTUVWXYZabcdefghi+klmnopqrstuvwxyz0123456789AB'.repeat(64),
  arn: 'arn:aws:sts::123456789012:assumed-role/ci/job',
}

let s3: S3Server
let sts: StsServer
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  sts = await startSts([ROLE], Date.now)
  const bucket = await startBucket()
  s3 = bucket.server
  env = {
    ...bucket.env,
    SLIPWAY_AUTH: 'token',
    // As lib/aws-log-ins.ts has them.
    SLIPWAY_AWS_REGIONS: 'ap-southeast-1',
    SLIPWAY_AWS_ACCOUNTS: '123456789012',
    SLIPWAY_AWS_ALLOW: '123456789012',
    SLIPWAY_AWS_AUDIENCE: NAME,
    SLIPWAY_AWS_STS_ENDPOINT: sts.endpoint,
  }
})
afterAll(() => Promise.all([s3.close(), sts.close()]))

test('docker gets a token with it', async () => {
  expect(ROLE.sessionToken).toHaveLength(4096)
  const password = await awsPassword({
    registry: NAME,
    region: 'ap-southeast-1',
    now: Date.now(),
    credentials: async () => ROLE,
  })
  const repository = ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(63)].join('/')
  const scope = `repository:${repository}:pull,push`
  const query = new URLSearchParams({ account: 'AWS', service: 'slipway', scope })
  const answer = await sendThrough(
    { invoke: lambdaOf(createHandler(env)), habits: GATEWAYS['length kept'] },
    {
      method: 'GET',
      target: `/token?${query}&scope=${encodeURIComponent(scope)}`,
      headers: {
        Host: NAME,
        'User-Agent':
          'docker/29.7.2 go/go1.25 git-commit/0123456 kernel/6.12.0-1-cloud-amd64 os/linux arch/amd64 UpstreamClient(Docker-Client/29.7.2 \\(linux\\))',
        'Accept-Encoding': 'gzip',
        Authorization: basic('AWS', password),
      },
    },
  )
  expect(answer.status, answer.body.toString()).toBe(200)
  expect(jsonOf(answer).scope).toBe(scope)
})
