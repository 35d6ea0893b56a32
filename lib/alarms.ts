/**
 * Alarms for what needs a person's attention.
 *
 * They are billed as ten alarm metrics (nine without a Web Function), 1.00 USD a month; the first ten of
 * an account are free.
 *
 * @module
 */

import { Stack } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import type { LogMetrics } from './log-metrics.ts'
import type { RegistryMetrics } from './metrics.ts'

/** Who is notified. Without either, alarms are only shown in the console. */
export interface AlarmReceivers {
  /** Address that gets an e-mail, once its owner has confirmed the subscription. */
  readonly email?: string | undefined
  /** An existing topic; its policy must let CloudWatch publish. */
  readonly topic?: ITopic | undefined
}

export interface AlarmsProps extends AlarmReceivers {
  readonly metrics: RegistryMetrics
  readonly counts: LogMetrics
}

interface Rule {
  readonly metric: IMetric
  /** The alarm goes off above this value. */
  readonly threshold: number
  /** In how many of the last three periods the value must be above it. */
  readonly periods: number
  readonly description: string
}

const rules = (metrics: RegistryMetrics, counts: LogMetrics): Readonly<Record<string, Rule>> => ({
  ServerErrors: {
    metric: metrics.serverErrorRate,
    threshold: 5,
    periods: 2,
    description: 'More than 5 % of the responses were 5xx. The log of the function says why.',
  },
  Slow: {
    metric: metrics.duration(99),
    threshold: 20_000,
    periods: 2,
    description: 'One request in a hundred took more than 20 s; at 30 s the gateway gives up.',
  },
  FunctionErrors: {
    metric: metrics.functionErrors,
    threshold: 0,
    periods: 1,
    description:
      'The function ended without a response: an exception, a timeout, or out of memory.',
  },
  Throttles: {
    metric: metrics.throttles,
    threshold: 0,
    periods: 1,
    description:
      'Requests found no free instance: raise the concurrency of the account or the function.',
  },
  ClientErrors: {
    metric: metrics.clientErrorRate,
    threshold: 90,
    periods: 3,
    description:
      'For 15 minutes more than 90 % of many responses were 4xx: a client that cannot log in or pulls what is not there, again and again, or somebody who tries names and passwords.',
  },
  TooManyRequests: {
    metric: counts.tooManyRequests,
    // A few are somebody with an old password.
    threshold: 20,
    periods: 1,
    description:
      'Clients got 429 more than 20 times in five minutes: beyond the rate of the API or of /token, which context values raise, or after wrong passwords.',
  },
  RefusedLogins: {
    metric: counts.refusedLogins,
    threshold: 50,
    periods: 1,
    description:
      'More than 50 log-ins were refused in five minutes. The audit trail in the log says for which accounts, and from where.',
  },
  ...(counts.webServerErrors && {
    WebServerErrors: {
      metric: counts.webServerErrors,
      threshold: 4,
      periods: 2,
      description: 'The Web Function answered uploads with 5xx. Its log says why.',
    },
  }),
})

/** The alarms, and the topic that they are sent to. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, { metrics, counts, email, topic }: AlarmsProps) {
    super(scope, id)
    this.alarms = Object.entries(rules(metrics, counts)).map(
      ([name, { metric, threshold, periods, description }]) =>
        new Alarm(this, name, {
          metric,
          threshold,
          comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
          evaluationPeriods: 3,
          datapointsToAlarm: periods,
          // No requests, as at night, is not a failure.
          treatMissingData: TreatMissingData.NOT_BREACHING,
          alarmDescription: description,
        }),
    )
    const topics = [...(topic ? [topic] : []), ...(email ? [this.topicFor(email)] : [])]
    for (const alarm of this.alarms) {
      for (const each of topics) alarm.addAlarmAction(new SnsAction(each))
    }
  }

  private topicFor(email: string): Topic {
    // Not encrypted with the key that AWS manages, which CloudWatch may not use. Alarms contain no
    // secrets.
    const topic = new Topic(this, 'Topic', { enforceSSL: true })
    topic.addSubscription(new EmailSubscription(email))
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    return topic
  }
}
