/**
 * The record of pulls of a stack: its function, what calls it, its alarm, and its role, which may do what it does and
 * no more.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { createLoggedPulls } from '../../functions/compose/aws/logged-pulls.ts'
import { loggedPulls } from '../../functions/compose/pulls.ts'
import { SAID_EVERY, SILENT_FOR } from '../../functions/registry/pulls/bounds.ts'
import { createModel } from '../interleavings/model.ts'
import { batchOf } from '../support/hosts/log-batch.ts'
import { silent } from '../support/hosts/start.ts'
import { intercept } from '../support/rig/intercept.ts'
import {
  type Context,
  cleanUpPart,
  ofType,
  onlyIn,
  pullsPart,
  type Statement,
  snapshotOf,
  statementsOf,
  synth,
  written,
} from './synth.ts'
import { allows, BUCKET, listing, on, type Use, usesOf } from './uses.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const STACK: Context = { bucket: 'there-already', prefix: 'registry', pulls: 'on' }

const partOf = (context: Context = {}) => pullsPart(synth({ ...STACK, ...context }), true)
const policyOf = (context: Context = {}): Statement[] =>
  statementsOf(onlyIn(partOf(context), 'AWS::IAM::Policy').PolicyDocument)

/** The settings of each function of a template, by its id. */
const variablesIn = (context: Context): Map<string, Record<string, string>> =>
  new Map(
    Object.entries(synth(context).Resources).flatMap(([id, { Type, Properties }]) => {
      if (!/Function(Revision)?$/.test(Type)) return []
      const { Variables } = (Properties.Environment ?? {}) as { Variables?: object }
      const told = Object.entries(Variables ?? {}).map(([name, value]) => [name, written(value)])
      return told.length === 0 ? [] : [[id, Object.fromEntries(told)]]
    }),
  )

test('there is none by default, and those that serve pulls do not log them', () => {
  expect(pullsPart(synth({}), true).Resources).toEqual({})
  expect(JSON.stringify(synth({}))).not.toContain('SLIPWAY_PULLS')
})

test('nothing else changes with it, but that those that serve pulls log them, and an alarm', () => {
  const without = snapshotOf(synth({}))
  const { Resources } = snapshotOf(pullsPart(synth({ pulls: 'on' }), false))
  const told = JSON.parse(
    JSON.stringify(Resources).replaceAll(/"SLIPWAY_PULLS":"on",|,"SLIPWAY_PULLS":"on"/g, ''),
  )
  const more = Object.keys(Resources).filter((id) => !(id in without.Resources))
  expect(more).toEqual([expect.stringMatching(/^RegistryAlarmsPulls/)])
  for (const id of more) delete told[id]
  expect(told).toEqual(without.Resources)
  const pullsExcept = 'user:scanner,robot:ci-*'
  const given = Object.values(synth({ pulls: 'on', pullsExcept }).Resources)
  const telling = given
    .filter(({ Type }) => Type.startsWith('AWS::'))
    .filter((each) => /"SLIPWAY_PULLS":"on"/.test(JSON.stringify(each)))
  expect(telling.map(({ Type }) => Type).sort()).toEqual([
    'AWS::Lambda::Function',
    expect.stringMatching(/^AWS::Lambda::WebFunction/),
  ])
  for (const each of telling) expect(JSON.stringify(each)).toContain(pullsExcept)
})

describe('the function', () => {
  const template = partOf()

  test('is one of its own, small, with a log that is kept as long as the others', () => {
    expect(onlyIn(template, 'AWS::Lambda::Function')).toMatchObject({
      Handler: 'pulls.handler',
      Architectures: ['arm64'],
      Timeout: 300,
      MemorySize: 512,
    })
    const log = onlyIn(partOf({ logRetention: '7' }), 'AWS::Logs::LogGroup')
    expect(log.RetentionInDays).toBe(7)
  })

  test('knows where the store is, and no key', () => {
    const [[, variables] = []] = [
      ...variablesIn({ ...STACK, kmsKey: KEY, logLevel: 'debug' }),
    ].filter(([id]) => id.startsWith('RegistryPulls'))
    expect(variables).toEqual({
      SLIPWAY_STORE: 's3://there-already/registry',
      SLIPWAY_S3_KMS_KEY: KEY,
      SLIPWAY_S3_DUALSTACK: 'on',
      SLIPWAY_LOG_LEVEL: 'debug',
    })
  })

  test('is called for lines of both logs that tell of a pull, and by its schedule', () => {
    const filters = ofType(template, 'AWS::Logs::SubscriptionFilter').map((each) => each.Properties)
    const logs = filters.map(({ LogGroupName }) =>
      written(LogGroupName).replace(/[0-9A-F]{8}>/, ''),
    )
    // Not its own.
    expect(logs).toEqual(['<RegistryApiLog', '<RegistryWebLog'])
    for (const { DestinationArn } of filters) {
      expect(written(DestinationArn)).toMatch(/^<RegistryPullsFunction\w+\.Arn>$/)
    }
    const callers = ofType(template, 'AWS::Lambda::Permission').map(({ Properties }) => [
      Properties.Principal,
      Properties.Action,
      written(Properties.SourceArn).replace(/[0-9A-F]{8}\.Arn>/, ''),
    ])
    const action = 'lambda:InvokeFunction'
    expect(callers.sort()).toEqual([
      ['events.amazonaws.com', action, '<RegistryPullsSchedule'],
      ['logs.amazonaws.com', action, '<RegistryApiLog'],
      ['logs.amazonaws.com', action, '<RegistryWebLog'],
    ])
    expect(onlyIn(template, 'AWS::Events::Rule').ScheduleExpression).toBe('rate(6 hours)')
  })

  test('gets what functions log of a pull, by the pattern', () => {
    const lines: Record<string, unknown>[] = []
    const log = { ...silent, info: (fields: object, msg: string) => lines.push({ ...fields, msg }) }
    loggedPulls([], log)('a/b', `sha256:${'1'.repeat(64)}`, 'user:alice')
    for (const { Properties } of ofType(template, 'AWS::Logs::SubscriptionFilter')) {
      const [, field = '', value] = /^{ \$\.(\w+) = "(\w+)" }$/.exec(
        String(Properties.FilterPattern),
      )!
      expect(lines.map((line) => line[field])).toEqual([value])
    }
  })

  test('says that pulls are recorded once all lines come to it', () => {
    const [rule] = ofType(template, 'AWS::Events::Rule') as unknown as { DependsOn: string[] }[]
    for (const id of ['RegistryPullsLines0', 'RegistryPullsLines1', 'RegistryApiFunction']) {
      expect(rule?.DependsOn.some((each) => each.startsWith(id))).toBe(true)
    }
  })

  test('of a second Region writes where its registry does', () => {
    const second = { pulls: 'on', primaryBucket: 'first', primaryRegion: 'us-east-1' }
    const policy = statementsOf(
      onlyIn(pullsPart(synth(second), true), 'AWS::IAM::Policy').PolicyDocument,
    )
    expect(policy.find(({ sid }) => sid === 'Pulls')?.resources).toEqual([
      'arn:<AWS::Partition>:s3:::first/slipway/v1/pulled/*',
    ])
  })

  test('without a Web Function there is one log', () => {
    expect(ofType(partOf({ webFunction: 'off' }), 'AWS::Logs::SubscriptionFilter')).toHaveLength(1)
  })
})

describe('the alarm', () => {
  const alarmIn = (context: Context = {}) =>
    ofType(synth({ ...STACK, ...context }), 'AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties)
      .filter(({ AlarmDescription }) => /Pulls have not been recorded/.test(`${AlarmDescription}`))

  test('goes off when calls of two periods failed, says when there are none, and names the log', () => {
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
    const [{ MetricStat: of } = {}] = (alarm?.Metrics ?? []) as {
      MetricStat?: { readonly Period: number }
    }[]
    expect(of).toMatchObject({
      Metric: { Namespace: 'AWS/Lambda', MetricName: 'Errors' },
      Period: SAID_EVERY / 1000,
      Stat: 'Sum',
    })
    expect(JSON.stringify(of)).toMatch(/RegistryPullsFunction/)
    // Somebody has been told long before recording begins anew.
    expect(2 * SAID_EVERY).toBeLessThan(SILENT_FOR / 4)
    const { PullsLogs } = synth({ ...STACK, alarmTopic }).Outputs
    expect(written(PullsLogs?.Value)).toMatch(/^aws logs tail <RegistryPullsLog\w+> --follow$/)
  })

  test('is not there without a record of pulls, or without alarms', () => {
    expect(alarmIn({ pulls: 'off' })).toEqual([])
    expect(alarmIn({ alarms: 'off' })).toEqual([])
  })
})

describe('the role', () => {
  const policy = policyOf()

  test('may do in the bucket what the function does, and nothing that it does not', async () => {
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
    const pulls = createLoggedPulls(silent)
    const line = { pulled: { repository: 'a/b', digest: `sha256:${'1'.repeat(64)}` } }
    await pulls.record(guarded, batchOf([JSON.stringify(line)]))
    await pulls.sayRecorded(guarded)
    const granted = policy
      .filter(({ actions }) => actions.every((action) => action.startsWith('s3:')))
      .flatMap(({ sid, actions }) => actions.map((action) => `${sid} ${action}`))
    expect([...used].sort()).toEqual(granted.sort())
    expect(policy.flatMap(({ actions }) => actions).filter((each) => !/^s3:/.test(each))).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ])
  })

  const forbidden: readonly (readonly [what: string, use: Use])[] = [
    ['write bytes of blobs', on('PutObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['read bytes of blobs', on('GetObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['change tags', on('PutObject', 'docker/registry/v2/repositories/a/x')],
    ['forget pulls', on('DeleteObject', 'slipway/v1/pulled/a/!/sha256/ab')],
    ['read accounts', on('GetObject', 'slipway/v1/config/htpasswd')],
    ['read rules', on('GetObject', 'slipway/v1/config/retention')],
    ['list repositories', listing('docker/registry/v2/repositories/')],
    ['list all', { action: 's3:ListBucket', resource: BUCKET, prefix: '' }],
  ]
  test.each(forbidden)('may not %s', (_, use) => {
    expect(policy.some((each) => allows(each, use))).toBe(false)
  })

  test('alone may record pulls: those that clients reach may not', () => {
    const others = ofType(
      pullsPart(cleanUpPart(synth({ ...STACK, gc: 'on' }), false), false),
      'AWS::IAM::Policy',
    )
    const record = on('PutObject', 'slipway/v1/pulled/a/!/sha256/ab')
    expect(others.length).toBeGreaterThan(1)
    for (const { Properties } of others) {
      expect(statementsOf(Properties.PolicyDocument).some((each) => allows(each, record))).toBe(
        false,
      )
    }
  })

  test('may use an encryption key, through S3 only', () => {
    const encryption = policyOf({ kmsKey: KEY }).find(({ sid }) => sid === 'Encryption')
    expect(encryption?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey'])
    expect(encryption?.condition?.StringEquals?.['kms:ViaService']).toBeDefined()
  })

  test('is for Lambda alone', () => {
    expect(onlyIn(partOf(), 'AWS::IAM::Role').AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
    })
  })
})
