/**
 * The CDK app as `cdk` runs it, without an account, credentials or a network; and AWS's own rules.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CfnResource } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterAll, describe, test } from 'vitest'
import type { RegistryStack } from '../../lib/registry-stack.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type Context, FLAGS, stackIn, templateOf, withApp } from './synth.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MULTI_KEY = `arn:aws:kms:us-east-1:123456789012:key/mrk-${'1'.repeat(32)}`
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'

/** Runs the app. Nothing in its environment leads to an account, and its only proxy is nobody. */
const runApp = async (context: Context) => {
  const files = await temporaryDirectory()
  afterAll(files.remove)
  const child = spawn(process.execPath, ['lib/app.ts'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: files.path,
      CDK_OUTDIR: files.path,
      CDK_CONTEXT_JSON: JSON.stringify({ ...FLAGS, ...context }),
      HTTPS_PROXY: 'http://127.0.0.1:9',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, stderr, path: files.path }
}

describe('the app', () => {
  test('synthesises the registry with its whole bundle', async () => {
    const { code, stderr, path } = await runApp({ name: 'mine' })
    assert.deepEqual([code, stderr], [0, ''])
    const template = JSON.parse(readFileSync(join(path, 'mine.template.json'), 'utf8'))
    assert.ok(template.Outputs.RegistryHost)
    const assets = readdirSync(path).filter((name) => name.startsWith('asset.'))
    const files = assets.flatMap((name) => readdirSync(join(path, name)))
    // The two functions, and what copies the code of the second.
    assert.equal(assets.length, 3)
    assert.ok(files.includes('api.mjs') && files.includes('index.js'))
  })

  test('says in a line what is wrong with a value, and writes no template', async () => {
    const { code, stderr, path } = await runApp({ memory: 'much' })
    assert.equal(code, 1)
    assert.equal(
      stderr,
      'the context value memory is "much": expected a whole number from 128 to 10240\n',
    )
    assert.deepEqual(
      readdirSync(path).filter((name) => name.endsWith('.template.json')),
      [],
    )
  })
})

const TEMPLATES: Readonly<Record<string, Context>> = {
  'as it is': {},
  'all there can be': {
    domain: 'registry.example.com',
    hostedZoneId: 'Z0123456789',
    hostedZoneName: 'example.com',
    kmsKey: KEY,
    prefix: 'a/b',
    alarmEmail: 'ops@example.com',
    signingKeys: '1,2',
    adminApi: 'on',
    page: 'on',
  },
  'a bucket that is there': { bucket: 'there-already', prefix: 'registry' },
  'read-only': { readOnly: 'on' },
  'an edge': {
    domain: 'registry.example.com',
    hostedZoneId: 'Z0123456789',
    hostedZoneName: 'example.com',
    edge: 'on',
    edgeTokenRate: '300',
  },
  'keys in the bucket': { keys: 'bucket' },
  'the first of two Regions': { replicaBucket: 'images-eu', prefix: 'a/b' },
  'the second of two Regions': {
    primaryBucket: 'images-us',
    primaryRegion: 'us-east-1',
    primarySigningKeys: MULTI_KEY,
    primaryUploadKey: MULTI_KEY,
  },
  'a Web Function of several Regions': { webRegions: 'ap-south-1' },
  'logs and traces': {
    bucketLogDays: '30',
    tracing: 'on',
    traces: 'https://collector.example',
    traceHeaders: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:collector-AbCdEf',
  },
  'a clean-up': { gc: 'on', alarmEmail: 'ops@example.com', kmsKey: KEY, prefix: 'a/b' },
  'a record of pulls': { pulls: 'on', kmsKey: KEY, prefix: 'a/b' },
  'a record of pulls in a second Region': {
    pulls: 'on',
    primaryBucket: 'images-us',
    primaryRegion: 'us-east-1',
  },
  'events, of a new bucket': {
    events: 'on',
    eventConcurrency: '2',
    eventBuses: 'arn:aws:events:eu-west-1:123456789012:event-bus/default',
    eventSecrets: 'A=arn:aws:secretsmanager:eu-west-1:123456789012:secret:hooks-AbCdEf',
  },
  'events, of a bucket that is there': { events: 'on', bucket: 'there-already', kmsKey: KEY },
  upstreams: {
    upstreams: 'on',
    upstreamConcurrency: '2',
    upstreamRepositories: 'arn:aws:ecr:eu-west-1:123456789012:repository/a/*',
    upstreamSecrets: 'HUB=arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf',
    kmsKey: KEY,
    prefix: 'a/b',
  },
  'a mirror': {
    mirror: fileURLToPath(new URL('./code/mirror.yaml', import.meta.url)),
    mirrorRepositories: 'arn:aws:ecr:eu-west-1:123456789012:repository/a/*',
    mirrorSecrets: 'HUB=arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf',
    kmsKey: KEY,
    prefix: 'a/b',
  },
  'without a Web Function': { webFunction: 'off' },
  'uploads elsewhere': { uploadOrigin: 'https://push.example.com' },
}

describe('CloudFormation accepts the template', () => {
  const validate = (context: Context, change: (stack: RegistryStack) => void = () => {}): void =>
    withApp(
      context,
      (app) => {
        const stack = stackIn(app)
        change(stack)
        templateOf(stack)
      },
      true,
    )
  for (const [what, context] of Object.entries(TEMPLATES)) {
    test(what, () => validate(context))
  }

  test('but would not: a value of the wrong type', () => {
    const properties = { VisibilityTimeout: 'long' }
    assert.throws(() =>
      validate({}, (stack) => new CfnResource(stack, 'Q', { type: 'AWS::SQS::Queue', properties })),
    )
  })
})

describe("AWS's rules find nothing that is not acknowledged", () => {
  /** Findings in a stack, after something was done to it. */
  const findings = (context: Context, change: (stack: RegistryStack) => void = () => {}) =>
    withApp(context, (app) => {
      change(stackIn(app))
      return new AwsSolutionsChecks(app).validateScope(app).violations
    })
  for (const [what, context] of Object.entries(TEMPLATES)) {
    test(what, () => assert.deepEqual(findings(context), []))
  }

  test('but would: a wildcard too many', () => {
    const [finding, ...more] = findings({}, ({ registry }) =>
      registry.api.function.addToRolePolicy(
        new PolicyStatement({
          actions: ['s3:GetObject'],
          resources: [registry.bucket.arnForObjects('*')],
        }),
      ),
    )
    assert.match(finding?.ruleName ?? '', /IAM5/)
    assert.equal(more.length, 0)
  })
})
