/**
 * The clean-up of a stack: its function, its schedule, its alarm, and its role, which may do what a run does and
 * no more.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { scheduledCleanUp } from '../../functions/compose/aws/scheduled-clean-up.ts'
import { OUTBOX } from '../../functions/events/record.ts'
import { timesOf } from '../../functions/registry/clean-up/terms.ts'
import {
  dataKey,
  EVENT_RECEIVERS_KEY,
  pulledKey,
  QUOTAS_KEY,
  quotaKey,
  RETENTION_KEY,
  uploadSegmentKey,
} from '../../functions/registry/layout.ts'
import { MIN_PART_SIZE } from '../../functions/storage/store.ts'
import { createModel, type Service } from '../interleavings/model.ts'
import { blob, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { silent } from '../support/hosts/start.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAtOnce, pushImage, pushManifest } from '../support/rig/push.ts'
import {
  type Context,
  cleanUpPart,
  ofType,
  onlyIn,
  type Statement,
  snapshotOf,
  statementsOf,
  synth,
  written,
} from './synth.ts'
import { allows, BUCKET, listing, on, type Use, usesOf } from './uses.ts'

const HOUR = 60 * 60_000
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const STACK: Context = { bucket: 'there-already', prefix: 'registry', gc: 'on' }

const partOf = (context: Context = {}) => cleanUpPart(synth({ ...STACK, ...context }), true)
const policyOf = (context: Context = {}): Statement[] =>
  statementsOf(onlyIn(partOf(context), 'AWS::IAM::Policy').PolicyDocument)

const variablesOf = (context: Context = {}): Record<string, string> => {
  const { Environment } = onlyIn(partOf(context), 'AWS::Lambda::Function')
  const { Variables } = Environment as { readonly Variables: Record<string, unknown> }
  return Object.fromEntries(
    Object.entries(Variables).map(([name, value]) => [name, written(value)]),
  )
}

test.each<[string, Context]>([
  ['gc=off', { gc: 'off' }],
  ['a registry that is read-only', { gc: 'on', readOnly: 'on' }],
  [
    'a second Region, whose first has one',
    { gc: 'on', primaryBucket: 'first', primaryRegion: 'us-east-1' },
  ],
])('there is none with %s', (_, context) => {
  expect(cleanUpPart(synth(context), true).Resources).toEqual({})
})

test('nothing else changes with it, but that writers know of it, and an alarm', () => {
  const without = snapshotOf(synth({}))
  const { Resources } = snapshotOf(cleanUpPart(synth({ gc: 'on' }), false))
  const told = JSON.parse(
    JSON.stringify(Resources).replaceAll(/"SLIPWAY_GC":"on",|,"SLIPWAY_GC":"on"/g, ''),
  )
  const more = Object.keys(Resources).filter((id) => !(id in without.Resources))
  expect(more).toEqual([expect.stringMatching(/^RegistryAlarmsCleanUp/)])
  for (const id of more) delete told[id]
  expect(told).toEqual(without.Resources)
  const functions = Object.values(Resources).filter(({ Type }) => /Function(Revision)?$/.test(Type))
  expect(functions.filter((each) => JSON.stringify(each).includes('SLIPWAY_GC'))).toHaveLength(2)
})

describe('the function', () => {
  const template = partOf()

  test('has fifteen minutes, and is not tried again before the next hour', () => {
    expect(onlyIn(template, 'AWS::Lambda::Function')).toMatchObject({
      Handler: 'clean-up.handler',
      Architectures: ['arm64'],
      Timeout: 900,
      MemorySize: 1024,
      // Beyond it the garbage of listings takes some 100 MB more.
      Environment: { Variables: { NODE_OPTIONS: '--max-semi-space-size=8' } },
    })
    expect(onlyIn(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 3600,
    })
  })

  test('is called every hour, by its schedule alone', () => {
    const rule = onlyIn(template, 'AWS::Events::Rule')
    expect(rule).toMatchObject({ ScheduleExpression: 'rate(1 hour)', State: 'ENABLED' })
    expect(rule.Targets).toMatchObject([{ RetryPolicy: { MaximumRetryAttempts: 0 } }])
    const { Principal, SourceArn, Action } = onlyIn(template, 'AWS::Lambda::Permission')
    expect([Principal, Action]).toEqual(['events.amazonaws.com', 'lambda:InvokeFunction'])
    expect(written(SourceArn)).toMatch(/^<RegistryCleanUpSchedule\w+\.Arn>$/)
  })

  test('is called once those that write know of it', () => {
    const [rule] = ofType(template, 'AWS::Events::Rule') as unknown as { DependsOn: string[] }[]
    for (const [, id] of [/^(RegistryApiFunction)/, /^(RegistryWebFunction)/].entries()) {
      expect(rule?.DependsOn.some((each) => id.test(each))).toBe(true)
    }
  })

  test('knows where the store is and how long things stay, and no key', () => {
    const more = { kmsKey: KEY, gcGrace: '3d', undeleteDays: '5', logLevel: 'warn' }
    const own = { ...more, bucket: undefined, bucketOwner: '012345678901' }
    expect(variablesOf(own)).toEqual({
      NODE_OPTIONS: expect.any(String),
      SLIPWAY_STORE: expect.stringMatching(/^s3:\/\/<RegistryBucket\w+>\/registry$/),
      SLIPWAY_S3_KMS_KEY: KEY,
      SLIPWAY_S3_DUALSTACK: 'on',
      SLIPWAY_S3_BUCKET_OWNER: '012345678901',
      SLIPWAY_GC_GRACE: '3d',
      SLIPWAY_UNDELETE_DAYS: '5',
      SLIPWAY_LOG_LEVEL: 'warn',
    })
    expect(variablesOf()).toEqual({
      NODE_OPTIONS: expect.any(String),
      SLIPWAY_STORE: 's3://there-already/registry',
      SLIPWAY_S3_DUALSTACK: 'on',
    })
  })

  test('knows how long deletes can be undone, also in a bucket that is there, as do those that delete', () => {
    for (const [context, expected] of [
      [{}, [undefined, undefined]],
      [{ undeleteDays: '14' }, [undefined, undefined]],
      [{ undeleteDays: '3' }, ['3', '3']],
      [{ undeleteDays: '0' }, ['0', '0']],
    ] as const) {
      const told = Object.entries(synth({ ...STACK, ...context }).Resources)
        .filter(([id]) => /^Registry(Api|CleanUp)Function/.test(id))
        .flatMap(([, { Type, Properties }]) =>
          Type === 'AWS::Lambda::Function'
            ? [(Properties.Environment as { Variables: object }).Variables]
            : [],
        )
      expect(told.map((each) => (each as Record<string, string>).SLIPWAY_UNDELETE_DAYS)).toEqual(
        expected,
      )
    }
  })

  test('has a log that is kept as long as the others', () => {
    const [log, ...more] = ofType(partOf({ logRetention: '7' }), 'AWS::Logs::LogGroup')
    expect(more).toEqual([])
    expect(log?.Properties.RetentionInDays).toBe(7)
  })
})

describe('the alarm', () => {
  const alarmIn = (context: Context = {}) =>
    ofType(synth({ ...STACK, ...context }), 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties)
      .filter(({ AlarmDescription }) => /clean-up/.test(String(AlarmDescription)))

  test('goes off when two calls after one another have failed, and says when there are none', () => {
    const alarmTopic = 'arn:aws:sns:eu-west-1:123456789012:alarms'
    const [alarm, ...more] = alarmIn({ alarmTopic })
    expect(more).toEqual([])
    expect(alarm).toMatchObject({
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 2,
      DatapointsToAlarm: 2,
      TreatMissingData: 'missing',
      AlarmActions: [alarmTopic],
      InsufficientDataActions: [alarmTopic],
    })
    const [{ MetricStat: of } = {}] = (alarm?.Metrics ?? []) as { MetricStat?: object }[]
    expect(of).toMatchObject({
      Metric: { Namespace: 'AWS/Lambda', MetricName: 'Errors' },
      Period: 3600,
      Stat: 'Sum',
    })
    expect(JSON.stringify(of)).toMatch(/RegistryCleanUpFunction/)
  })

  test('is not there without a clean-up, or without alarms', () => {
    expect(alarmIn({ gc: 'off' })).toEqual([])
    expect(alarmIn({ alarms: 'off' })).toEqual([])
  })
})

const RULES = [
  { name: 'old', repositories: ['a/*'], tags: ['old-*'], remove: { notPulledFor: '1d' } },
  { name: 'loose', repositories: ['a/*'], untagged: true, remove: { notPushedFor: '1d' } },
]

/** A model of a bucket, and runs on it as the policy lets them. @returns what they used of it */
const runsAs = async (policy: readonly Statement[], service: Service): Promise<Set<string>> => {
  const { store, clock } = createModel(service)
  const send = await clientOf(store, { cleanUp: true })
  const other = 'known by another digest'
  const sha512 = `sha512:${createHash('sha512').update(other).digest('hex')}`
  await expectStatus(201, send(`POST /v2/a/b/blobs/uploads/?digest=${sha512}`, Buffer.from(other)))
  const layers = Array.from({ length: 9 }, (_, at) => blob(`kept ${at}`, 200))
  await pushImage(send, 'a/b', 'v1', layers)
  const image = await pushImage(send, 'a/b', 'v2', [blob('goes', 100)])
  await pushAtOnce(send, 'a/c', blob('garbage', 100))
  await expectStatus(202, send(`DELETE /v2/a/b/manifests/${image.sha256}`))
  const subject = descriptorOf('application/vnd.oci.image.manifest.v1+json', image)
  const referrer = imageOf([], { subject, artifactType: 'application/x.test' })
  await pushManifest(send, 'a/b', referrer.sha256, referrer)
  await pushManifest(send, 'a/b', 'old-1', imageOf([], { annotations: { a: 'old' } }))
  const quotas = { version: 1, quotas: [{ repositories: ['a/*'] }] }
  await store.put(QUOTAS_KEY, Buffer.from(JSON.stringify(quotas)))
  await store.put(quotaKey('of-old'), new Uint8Array())
  await store.put(RETENTION_KEY, Buffer.from(JSON.stringify({ version: 1, rules: RULES })))
  // What is left over of what goes, and of uploads.
  for (const a of ['1', '2', '3', '4', '5', '6']) {
    await pushManifest(send, 'a/b', `kept-${a}`, imageOf([], { annotations: { a } }))
  }
  const going = await pushImage(send, 'a/d', 'v1', [])
  const signature = imageOf([], {
    subject: descriptorOf('application/vnd.oci.image.manifest.v1+json', going),
  })
  await pushManifest(send, 'a/d', signature.sha256, signature)
  await store.put(pulledKey('a/d', going.sha256), new Uint8Array())
  for (const { sha256 } of [going, signature]) {
    await expectStatus(202, send(`DELETE /v2/a/d/manifests/${sha256}`))
  }
  await store.put(uploadSegmentKey('upload', 0, 'nonce'), new Uint8Array(9))
  await store.createMultipart(dataKey(going.sha256), MIN_PART_SIZE)
  const receivers = [{ name: 'all', url: 'https://events.example/' }]
  const setReceivers = (search: boolean) =>
    store.put(EVENT_RECEIVERS_KEY, Buffer.from(JSON.stringify({ version: 1, search, receivers })))
  await setReceivers(true)
  const used = new Set<string>()
  let raced = false
  const guarded = intercept(store, async (call, proceed) => {
    // The event of what does not go after all is withdrawn.
    const [key, body] = call.args as [string, Uint8Array]
    const isRecord = call.operation === 'put' && key.startsWith(OUTBOX)
    if (!raced && isRecord && Buffer.from(body).includes(referrer.sha256)) {
      raced = true
      await pushManifest(send, 'a/b', referrer.sha256, referrer)
    }
    for (const use of usesOf(call)) {
      const statement = policy.find((each) => allows(each, use))
      expect(statement, `${use.action} on ${use.resource} ${use.prefix ?? ''}`).toBeDefined()
      used.add(`${statement?.sid} ${use.action}`)
    }
    return proceed()
  })
  const options = { times: timesOf(48 * 60 * 60, 1), logger: silent, audit: () => {} }
  for (let hour = 0; hour < 20 * 24; hour += 4) {
    // Until then there is an index for search, which is taken away then.
    if (hour === 10 * 24) await setReceivers(false)
    await scheduledCleanUp(guarded, options, {
      name: 'f',
      now: false,
      isOver: () => false,
      clock: () => clock.now,
    })
    clock.now += 4 * HOUR
  }
  for (const gone of ['goes', 'garbage']) {
    expect(await store.head(dataKey(blob(gone, 100).sha256))).toBeUndefined()
  }
  await expectStatus(200, send('GET /v2/a/b/manifests/v1'))
  return used
}

describe('the role', () => {
  const policy = policyOf()
  const granted = policy
    .filter(({ actions }) => actions.every((action) => action.startsWith('s3:')))
    .flatMap(({ sid, actions }) => actions.map((action) => `${sid} ${action}`))
  const ONE_KIND: readonly string[] = ['Blobs s3:DeleteObject', 'Blobs s3:DeleteObjectVersion']

  test('may do in the bucket what runs do, and nothing that they do not', async () => {
    const versions = await runsAs(policy, { etags: 'write', conditionalDeletes: true })
    const without = await runsAs(policy, { etags: 'content', conditionalDeletes: true })
    expect([...new Set([...versions, ...without])].sort()).toEqual(granted.sort())
    // Each kind of bucket has its own way.
    const ofOne = granted.filter((each) => versions.has(each) !== without.has(each))
    expect(ofOne).toEqual(ONE_KIND)
  })

  const forbidden: readonly (readonly [what: string, use: Use])[] = [
    ['write bytes of blobs', on('PutObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['remove old links', on('DeleteObjectVersion', 'docker/registry/v2/repositories/a/x')],
    ['read accounts', on('GetObject', 'slipway/v1/config/htpasswd')],
    ['read keys', on('GetObject', 'slipway/v1/config/signing-keys')],
    ['change the policy', on('PutObject', 'slipway/v1/config/policy')],
    ['lower the fence', on('DeleteObject', 'slipway/v1/config/clean-up')],
    ['read beside its prefix', { action: 's3:GetObject', resource: `${BUCKET}/other/key` }],
    ['list all', { action: 's3:ListBucket', resource: BUCKET, prefix: '' }],
    ['empty the bucket', { action: 's3:PutLifecycleConfiguration', resource: BUCKET }],
  ]
  test.each(forbidden)('may not %s', (_, use) => {
    expect(policy.some((each) => allows(each, use))).toBe(false)
  })

  test('alone may remove bytes of blobs and versions', () => {
    const data = 'docker/registry/v2/blobs/sha256/ab/abc/data'
    const roles = ofType(synth(STACK), 'AWS::IAM::Policy').filter(({ Properties }) => {
      const statements = statementsOf(Properties.PolicyDocument)
      return ['DeleteObject', 'DeleteObjectVersion'].some((action) =>
        statements.some((each) => allows(each, on(action, data))),
      )
    })
    expect(roles.map(({ Properties }) => Properties.PolicyName)).toEqual([
      expect.stringMatching(/^RegistryCleanUpPermissions/),
    ])
    const others = ofType(cleanUpPart(synth(STACK), false), 'AWS::IAM::Policy')
    const others3 = others.flatMap(({ Properties }) => statementsOf(Properties.PolicyDocument))
    const inBucket = others3.filter(({ resources }) =>
      resources.some((each) => each.startsWith(BUCKET)),
    )
    expect(inBucket.flatMap(({ actions }) => actions)).not.toContain('s3:DeleteObjectVersion')
    expect(inBucket.flatMap(({ actions }) => actions)).not.toContain('s3:ListBucketVersions')
  })

  test('may use an encryption key, through S3 only', () => {
    const encryption = policyOf({ kmsKey: KEY }).find(({ sid }) => sid === 'Encryption')
    expect(encryption?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey'])
    expect(encryption?.condition?.StringEquals?.['kms:ViaService']).toBeDefined()
    expect(policy.flatMap(({ actions }) => actions).filter((each) => /^kms:/.test(each))).toEqual(
      [],
    )
  })

  test('is for Lambda alone, and may list what the registry has', () => {
    const { AssumeRolePolicyDocument } = onlyIn(partOf(), 'AWS::IAM::Role')
    expect(AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
    })
    expect(policy.some((each) => allows(each, listing('docker/registry/v2/blobs/')))).toBe(true)
  })
})
