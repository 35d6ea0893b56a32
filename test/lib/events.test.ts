/**
 * What sends the events of a stack: its function, what calls it, its alarm, and its role, which may do what it does and
 * no more.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { createDrain } from '../../functions/events/drain.ts'
import type { Outcome } from '../../functions/events/outcome.ts'
import { isIndex, parseReceivers } from '../../functions/events/receivers.ts'
import { outboxKey } from '../../functions/events/record.ts'
import {
  deletedRepositoryKey,
  EVENT_RECEIVERS_KEY,
  layerLinkKey,
  revisionLinkKey,
  tagLinkKey,
} from '../../functions/registry/layout.ts'
import { createKeeper } from '../../functions/search/keep.ts'
import { NAMES_KEY } from '../../functions/search/keys.ts'
import { receiverOf } from '../events/receiver.ts'
import { BEGIN, digestOf, record } from '../events/records.ts'
import { createTime } from '../events/rig.ts'
import { createModel } from '../interleavings/model.ts'
import { intercept } from '../support/rig/intercept.ts'
import {
  type Context,
  eventsPart,
  ofType,
  onlyIn,
  type Statement,
  snapshotOf,
  statementsOf,
  synth,
  written,
} from './synth.ts'
import { allows, listing, on, type Use, usesOf } from './uses.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const BUS = 'arn:aws:events:eu-west-1:123456789012:event-bus/registry'
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hooks-AbCdEf'
const STACK: Context = { bucket: 'there-already', prefix: 'registry', events: 'on' }
const FULL: Context = { ...STACK, eventBuses: BUS, eventSecrets: `HOOKS=${SECRET}` }

const partOf = (context: Context = STACK) => eventsPart(synth(context), true)
const policyOf = (context: Context): Statement[] =>
  statementsOf(onlyIn(partOf(context), 'AWS::IAM::Policy').PolicyDocument)

test.each<[string, Context]>([
  ['by default', {}],
  ['with a registry that is read-only', { events: 'on', readOnly: 'on' }],
  [
    'in a second Region, whose first has one',
    { events: 'on', primaryBucket: 'first', primaryRegion: 'us-east-1' },
  ],
])('there is none %s, and the bucket tells nobody', (_, context) => {
  const template = synth(context)
  expect(eventsPart(template, true).Resources).toEqual({})
  expect(JSON.stringify(template)).not.toContain('EventBridgeEnabled')
})

test('nothing else changes with it, but that the bucket tells of what is written, and an alarm', () => {
  const without = snapshotOf(synth({}))
  const { Resources } = snapshotOf(eventsPart(synth({ events: 'on' }), false))
  const more = Object.keys(Resources).filter((id) => !(id in without.Resources))
  expect(more).toEqual([expect.stringMatching(/^RegistryAlarmsEvents/)])
  const changed = Object.keys(without.Resources).filter(
    (id) => JSON.stringify(Resources[id]) !== JSON.stringify(without.Resources[id]),
  )
  expect(changed).toEqual([expect.stringMatching(/^RegistryBucket[0-9A-F]{8}$/)])
  expect(Resources[changed[0]!]?.Properties).toEqual({
    ...without.Resources[changed[0]!]?.Properties,
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
  })
})

describe('the function', () => {
  test('is one of its own, of which calls are not repeated by Lambda', () => {
    const template = partOf()
    expect(onlyIn(template, 'AWS::Lambda::Function')).toMatchObject({
      Handler: 'events.handler',
      Architectures: ['arm64'],
      Timeout: 300,
      MemorySize: 512,
    })
    expect(onlyIn(template, 'AWS::Lambda::Function')).not.toHaveProperty(
      'ReservedConcurrentExecutions',
    )
    expect(onlyIn(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    })
    const reserved = onlyIn(partOf({ ...STACK, eventConcurrency: '2' }), 'AWS::Lambda::Function')
    expect(reserved.ReservedConcurrentExecutions).toBe(2)
  })

  test.each<[string, Context]>([
    ['rate(1 minute)', STACK],
    ['rate(5 minutes)', { events: 'on' }],
    ['rate(15 minutes)', { ...STACK, eventMinutes: '15' }],
  ])('is called by a schedule: %s with %o', (expected, context) => {
    const rules = ofType(partOf(context), 'AWS::Events::Rule')
    const rates = rules.map(({ Properties }) => Properties.ScheduleExpression)
    expect(rates.filter(Boolean)).toEqual([expected])
  })

  test('is called for records in the outbox of its bucket, and nothing else there', () => {
    for (const [context, bucket, prefix] of [
      [STACK, /^there-already$/, 'registry/'],
      [{ events: 'on' }, /^<RegistryBucket\w+>$/, ''],
    ] as const) {
      const [pattern, ...more] = ofType(partOf(context), 'AWS::Events::Rule').flatMap(
        ({ Properties }) => Properties.EventPattern ?? [],
      ) as { detail: { bucket: { name: [unknown] }; object: unknown } }[]
      expect(more).toEqual([])
      expect(pattern).toMatchObject({ source: ['aws.s3'], 'detail-type': ['Object Created'] })
      expect(written(pattern?.detail.bucket.name[0])).toMatch(bucket)
      expect(pattern?.detail.object).toEqual({
        key: [{ prefix: `${prefix}slipway/v1/events/outbox/` }],
      })
    }
    expect(outboxKey({ at: BEGIN, id: 'x' })).toMatch(/^slipway\/v1\/events\/outbox\//)
  })

  test('knows where the store and secrets are, what the registry is called, and no secret', () => {
    const { Environment } = onlyIn(
      partOf({ ...FULL, kmsKey: KEY, logLevel: 'debug', publicUrl: 'https://a.example' }),
      'AWS::Lambda::Function',
    )
    expect((Environment as { Variables: object }).Variables).toEqual({
      SLIPWAY_STORE: 's3://there-already/registry',
      SLIPWAY_S3_KMS_KEY: KEY,
      SLIPWAY_S3_DUALSTACK: 'on',
      SLIPWAY_LOG_LEVEL: 'debug',
      SLIPWAY_PUBLIC_URL: 'https://a.example',
      SLIPWAY_EVENT_HOOKS: SECRET,
    })
    const { Environment: own } = onlyIn(partOf(), 'AWS::Lambda::Function')
    const { Variables } = own as { Variables: Record<string, unknown> }
    expect(written(Variables.SLIPWAY_PUBLIC_URL)).toMatch(
      /^https:\/\/<RegistryGatewayApi\w*>\.execute-api\./,
    )
  })
})

test('the alarm goes off when calls of two periods failed, and says when there are none', () => {
  const alarmsIn = (context: Context) =>
    ofType(synth(context), 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties)
      .filter(({ AlarmDescription }) => /Events cannot be sent/.test(`${AlarmDescription}`))
  const [alarm, ...more] = alarmsIn(STACK)
  expect(more).toEqual([])
  expect(alarm).toMatchObject({ Threshold: 0, EvaluationPeriods: 2, TreatMissingData: 'missing' })
  expect(JSON.stringify(alarm?.Metrics)).toMatch(/RegistryEventsFunction.*"Period":900/)
  expect(alarmsIn({})).toEqual([])
  expect(written(synth(STACK).Outputs.EventsLogs?.Value)).toMatch(/^aws logs tail <RegistryEvents/)
})

describe('the role', () => {
  const policy = policyOf(FULL)

  test('may do in the bucket what sending does, and nothing that it does not', async () => {
    const { store } = createModel({ etags: 'write', conditionalDeletes: true })
    const used = new Set<string>()
    const guarded = intercept(store, async (call, proceed) => {
      for (const use of usesOf(call)) {
        const statement = policy.find((each) => allows(each, use))
        expect(statement, `${use.action} on ${use.resource} ${use.prefix ?? ''}`).toBeDefined()
        used.add(`${statement?.sid} ${use.action}`)
      }
      return proceed()
    })
    const time = createTime()
    const keep = createKeeper(guarded)
    const [index] = parseReceivers('{"version":1,"search":true,"receivers":[]}')
    const digest = digestOf('b')
    const outcomes: Outcome[] = [
      { kind: 'delivered' },
      { kind: 'failed', why: 'responded 503' },
      { kind: 'refused', why: 'responded 400' },
    ]
    const gone: Outcome = { kind: 'gone', why: 'responded 410' }
    const drain = createDrain({
      store: guarded,
      now: time.now,
      post: async (receiver, sent) => (isIndex(receiver) ? keep(sent) : (outcomes.shift() ?? gone)),
      report: { delivery: () => {}, damaged: () => {} },
    })
    // The first delete with a condition tries whether it is heeded.
    await guarded.deletesExactly()
    // The handler reads these.
    await guarded.get(EVENT_RECEIVERS_KEY)
    const proof = { key: tagLinkKey('team/app', 'v1'), absent: true }
    for (let at = 0; at < 4; at++) {
      const made = await record(store, { action: 'delete', proof, at: BEGIN + at })
      await guarded.head(outboxKey(made))
    }
    const mount = { key: layerLinkKey('team/app', digest) }
    await store.put(mount.key, Buffer.from(digest))
    await record(store, { action: 'mount', target: { digest }, proof: mount, at: BEGIN + 4 })
    // A whole repository: its note is there, or not yet.
    const note = { key: deletedRepositoryKey('team/gone') }
    await store.put(note.key, Buffer.from('{}'))
    for (const each of [note, { key: deletedRepositoryKey('team/app') }]) {
      await record(store, { action: 'delete', target: undefined, proof: each, at: BEGIN + 5 })
    }
    const pushed = { key: revisionLinkKey('team/app', digest) }
    await store.put(pushed.key, Buffer.from(digest))
    await record(store, { target: { digest }, proof: pushed, at: BEGIN + 6 })
    await drain(
      async () => [receiverOf({}), index!],
      () => false,
      'all',
    )
    expect(await store.head(NAMES_KEY)).toBeDefined()
    expect(outcomes).toEqual([])
    const granted = policy
      .filter(({ actions }) => actions.every((action) => action.startsWith('s3:')))
      .flatMap(({ sid, actions }) => actions.map((action) => `${sid} ${action}`))
    expect([...used].sort()).toEqual(granted.sort())
  })

  test('may use the buses and secrets that are named, and nothing else of these services', () => {
    const named = policy.filter(({ sid }) => sid === 'Buses' || sid === 'Secrets')
    expect(named.map(({ actions, resources }) => [...actions, ...resources])).toEqual([
      ['events:PutEvents', BUS],
      ['secretsmanager:GetSecretValue', SECRET],
    ])
    const others = policy.flatMap(({ actions }) => actions).filter((each) => !/^s3:/.test(each))
    expect(others).toEqual([
      'events:PutEvents',
      'secretsmanager:GetSecretValue',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ])
    expect(policyOf(STACK).flatMap(({ actions }) => actions)).not.toContain('events:PutEvents')
  })

  const forbidden: readonly (readonly [what: string, use: Use])[] = [
    ['write events', on('PutObject', 'slipway/v1/events/outbox/1')],
    ['write bytes of blobs', on('PutObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['change tags', on('PutObject', 'docker/registry/v2/repositories/a/x')],
    ['delete tags', on('DeleteObject', 'docker/registry/v2/repositories/a/x')],
    ['read accounts', on('GetObject', 'slipway/v1/config/htpasswd')],
    ['change who is told', on('PutObject', EVENT_RECEIVERS_KEY)],
    ['forget dead events', on('DeleteObject', 'slipway/v1/events/dead/a/1')],
    ['list what an administrator sets', listing('slipway/v1/config/')],
    ['list all', listing('')],
  ]
  test.each(forbidden)('may not %s', (_, use) => {
    expect(policy.some((each) => allows(each, use))).toBe(false)
  })

  test('may use an encryption key, through S3 only', () => {
    const encryption = policyOf({ ...STACK, kmsKey: KEY }).find(({ sid }) => sid === 'Encryption')
    expect(encryption?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey'])
  })

  test('is for Lambda alone', () => {
    expect(onlyIn(partOf(), 'AWS::IAM::Role').AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
    })
  })
})
