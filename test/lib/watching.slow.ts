/**
 * Alarms, who is told of them, and the dashboard.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { auditLog } from '../../functions/api/middleware/log.ts'
import { ofType, only, statementsOf, synth, written } from './synth.ts'

interface AlarmProperties {
  readonly AlarmDescription: string
  readonly Threshold: number
  readonly EvaluationPeriods: number
  readonly DatapointsToAlarm: number
  readonly TreatMissingData: string
  readonly AlarmActions?: readonly unknown[]
}

interface FilterProperties {
  readonly LogGroupName: unknown
  readonly FilterPattern: string
  readonly MetricTransformations: readonly {
    readonly MetricName: string
    readonly MetricNamespace: string
  }[]
}

const alarmsIn = (context = {}): AlarmProperties[] =>
  ofType(synth(context), 'AWS::CloudWatch::Alarm').map(
    ({ Properties }) => Properties as unknown as AlarmProperties,
  )

describe('alarms', () => {
  const metrics: readonly (readonly [
    what: RegExp,
    metrics: readonly string[],
    threshold: number,
  ])[] = [
    [/were 5xx/, ['AWS/ApiGateway Count Sum', 'AWS/ApiGateway 5xx Sum'], 5],
    [/20 s/, ['AWS/Lambda Duration p99'], 20_000],
    [/without a response/, ['AWS/Lambda Errors Sum'], 0],
    [/no free instance/, ['AWS/Lambda Throttles Sum'], 0],
    [/were 4xx/, ['AWS/ApiGateway Count Sum', 'AWS/ApiGateway 4xx Sum'], 90],
  ]
  for (const [what, expected, threshold] of metrics) {
    test(`${expected.join(', ')} above ${threshold}`, () => {
      const [alarm, ...more] = alarmsIn().filter((each) => what.test(each.AlarmDescription))
      assert.ok(alarm !== undefined && more.length === 0)
      const { Metrics } = alarm as unknown as {
        readonly Metrics: readonly {
          readonly MetricStat?: {
            readonly Stat: string
            readonly Metric: { readonly Namespace: string; readonly MetricName: string }
          }
        }[]
      }
      const measured = Metrics.flatMap(({ MetricStat: of }) =>
        of === undefined ? [] : [`${of.Metric.Namespace} ${of.Metric.MetricName} ${of.Stat}`],
      )
      assert.deepEqual(measured, expected)
      assert.equal(alarm.Threshold, threshold)
      // A quiet night is no fault, and neither is one bad minute.
      assert.equal(alarm.TreatMissingData, 'notBreaching')
      assert.equal(alarm.EvaluationPeriods, 3)
    })
  }

  const counted: readonly (readonly [what: RegExp, metric: string, patterns: readonly string[]])[] =
    [
      [/got 429 more than 20/, 'TooManyRequests', ['AccessLog { $.status = "429" }']],
      [
        /log-ins were refused/,
        'RefusedLogins',
        ['ApiLog', 'WebLog'].map(
          (log) => `${log} { ($.audit.event = "login") && ($.audit.outcome = "failed") }`,
        ),
      ],
      [/uploads with 5xx/, 'WebServerErrors', ['WebLog { $.status >= 500 }']],
    ]
  for (const [what, name, patterns] of counted) {
    test(`${name}, counted from ${patterns.join(', ')}`, () => {
      const template = synth()
      const filters = ofType(template, 'AWS::Logs::MetricFilter')
        .map(({ Properties }) => Properties as unknown as FilterProperties)
        .filter(({ MetricTransformations: [of] }) => of?.MetricName === name)
      assert.deepEqual(
        filters.map(({ LogGroupName, FilterPattern }) => {
          const [, log] = written(LogGroupName).match(/(\w+Log)[0-9A-F]{8}>$/) ?? []
          return `${log?.replace(/^Registry(?:Gateway)?/, '')} ${FilterPattern}`
        }),
        patterns,
      )
      const [alarm, ...more] = alarmsIn().filter((each) => what.test(each.AlarmDescription))
      assert.equal(more.length, 0)
      const { Metrics } = alarm as unknown as {
        readonly Metrics: readonly {
          readonly MetricStat: {
            readonly Period: number
            readonly Metric: { readonly Namespace: string; readonly MetricName: string }
          }
        }[]
      }
      const { Period, Metric } = Metrics[0]!.MetricStat
      assert.deepEqual([Metric.MetricName, Period], [name, 300])
      for (const { MetricTransformations } of filters) {
        assert.equal(MetricTransformations[0]?.MetricNamespace, Metric.Namespace)
      }
    })
  }

  test('the lines that are counted are those that are logged', async () => {
    const lines: object[] = []
    const logger = { info: (line: object) => lines.push(line), warn() {}, error() {}, debug() {} }
    auditLog(logger as never)({ event: 'login', what: 'log-in', outcome: 'failed', why: 'no' })
    assert.deepEqual(lines, [
      { audit: { event: 'login', what: 'log-in', outcome: 'failed', why: 'no' } },
    ])
  })

  test('are eight, and tell nobody unless told whom', () => {
    assert.equal(alarmsIn().length, 8)
    assert.equal(alarmsIn({ webFunction: 'off' }).length, 7)
    for (const alarm of alarmsIn()) assert.equal(alarm.AlarmActions, undefined)
    assert.deepEqual(ofType(synth(), 'AWS::SNS::Topic'), [])
  })

  test('are sent to an address, over a topic that only alarms of the account can use', () => {
    const context = { alarmEmail: 'ops@example.com' }
    const template = synth(context)
    const subscription = only(template, 'AWS::SNS::Subscription')
    assert.deepEqual([subscription.Protocol, subscription.Endpoint], ['email', 'ops@example.com'])
    for (const { AlarmActions = [] } of alarmsIn(context)) {
      assert.deepEqual(AlarmActions.map(written), [written(subscription.TopicArn)])
    }
    const [deny, allow, ...more] = statementsOf(
      only(template, 'AWS::SNS::TopicPolicy').PolicyDocument,
    )
    assert.equal(more.length, 0)
    assert.deepEqual(
      [deny?.effect, deny?.condition],
      ['Deny', { Bool: { 'aws:SecureTransport': 'false' } }],
    )
    assert.deepEqual(
      [allow?.effect, allow?.actions, allow?.principal],
      ['Allow', ['sns:Publish'], { Service: 'cloudwatch.amazonaws.com' }],
    )
    assert.deepEqual(allow?.condition, {
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
    })
  })

  test('are sent to a topic that is there', () => {
    const alarmTopic = 'arn:aws:sns:eu-west-1:123456789012:operations'
    for (const { AlarmActions } of alarmsIn({ alarmTopic })) {
      assert.deepEqual(AlarmActions, [alarmTopic])
    }
    assert.deepEqual(ofType(synth({ alarmTopic }), 'AWS::SNS::Topic'), [])
  })

  test('can be switched off', () => assert.deepEqual(alarmsIn({ alarms: 'off' }), []))
})

describe('the dashboard', () => {
  test('shows requests, errors, times, instances and the latest errors', () => {
    const body: {
      readonly widgets: readonly { readonly properties: { readonly title: string } }[]
    } = JSON.parse(written(only(synth(), 'AWS::CloudWatch::Dashboard').DashboardBody))
    assert.deepEqual(
      body.widgets.map(({ properties }) => properties.title),
      ['Requests', 'Response time', 'Duration of the function', 'Instances', 'Latest errors'],
    )
    assert.match(JSON.stringify(body), /4xx.*5xx.*p50.*p99.*ConcurrentExecutions.*Throttles/)
    assert.match(JSON.stringify(body), /SOURCE '<\w+Log\w+>'/)
  })

  test('is linked to', () => {
    assert.match(
      written(synth().Outputs.DashboardUrl?.Value),
      /^https:\/\/<AWS::Region>\.console\./,
    )
  })

  test('can be switched off', () => {
    const template = synth({ dashboard: 'off' })
    assert.deepEqual(ofType(template, 'AWS::CloudWatch::Dashboard'), [])
    assert.equal(template.Outputs.DashboardUrl, undefined)
  })
})
