/**
 * Alarms for what needs a person's attention.
 *
 * They are billed as ten alarm metrics (nine without a Web Function, one more each with a clean-up, a record of
 * pulls, events, upstreams, a mirror, and metrics of calls of S3), 1.00 USD a month; the first ten of an account are free.
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
  /** Calls of S3 that failed, if they are counted. */
  readonly storeFailures?: IMetric | undefined
  /** Calls of the clean-up that failed, by the hour, if there is one. */
  readonly cleanUpErrors?: IMetric | undefined
  /** Calls of the record of pulls that failed, by the time between two of its schedule, if there is one. */
  readonly pullsErrors?: IMetric | undefined
  /** Calls of what sends events that failed, if there is one. */
  readonly eventsErrors?: IMetric | undefined
  /** Calls of what copies blobs of upstreams that failed, if there is one. */
  readonly fillsErrors?: IMetric | undefined
  /** Calls of what keeps repositories in step with others that failed, if there is one. */
  readonly mirrorErrors?: IMetric | undefined
}

interface Rule {
  readonly metric: IMetric
  /** The alarm goes off above this value. */
  readonly threshold: number
  /** In how many of the last three periods the value must be above it. */
  readonly periods: number
  /** Another number of last periods than three. */
  readonly of?: number
  /** Whether no data, for as long, is told as well. Otherwise it is none: no requests, as at night. */
  readonly tellsSilence?: boolean
  readonly description: string
}

const rules = ({
  metrics,
  counts,
  storeFailures,
  cleanUpErrors,
  pullsErrors,
  eventsErrors,
  fillsErrors,
  mirrorErrors,
}: AlarmsProps): Readonly<Record<string, Rule>> => ({
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
  ...(storeFailures && {
    StoreFailures: {
      metric: storeFailures,
      // Each was repeated before it failed.
      threshold: 10,
      periods: 2,
      description:
        'More than 10 calls of S3 failed in five minutes, and again: S3 does not respond, or refuses the functions. Their log says why.',
    },
  }),
  ...(cleanUpErrors && {
    CleanUp: {
      metric: cleanUpErrors,
      threshold: 0,
      periods: 2,
      of: 2,
      tellsSilence: true,
      description:
        'The clean-up has failed twice, or, without data, is not called any more. Its log says why; pushes and pulls go on.',
    },
  }),
  ...(pullsErrors && {
    Pulls: {
      metric: pullsErrors,
      threshold: 0,
      periods: 2,
      of: 2,
      tellsSilence: true,
      description:
        'Pulls have not been recorded, twice, or, without data, the function that records them is not called any more. Its log says why. After three days rules that go by pulls remove nothing; what was pulled meanwhile may go later.',
    },
  }),
  ...(fillsErrors && {
    Fills: {
      metric: fillsErrors,
      threshold: 0,
      periods: 1,
      of: 1,
      description:
        'Blobs of upstreams could not be copied: S3 fails, or the time was not enough. The log of what copies them says why; clients are sent elsewhere again and again. Upstreams that fail are in that log alone.',
    },
  }),
  ...(mirrorErrors && {
    Mirror: {
      metric: mirrorErrors,
      threshold: 0,
      periods: 1,
      of: 1,
      tellsSilence: true,
      description:
        'Images could not be copied from other registries, or, without data, what copies them is not called any more. Its log and `slipway mirror --status` say which, and why.',
    },
  }),
  ...(eventsErrors && {
    Events: {
      metric: eventsErrors,
      threshold: 0,
      periods: 2,
      of: 2,
      tellsSilence: true,
      description:
        'Events cannot be sent for half an hour, or, without data, what sends them is not called any more. Its log says why; they wait for 30 days. Receivers that fail are in its log alone.',
    },
  }),
})

/** The alarms, and the topic that they are sent to. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    const { email, topic } = props
    const all = Object.entries(rules(props)).map(([name, rule]) => {
      const alarm = new Alarm(this, name, {
        metric: rule.metric,
        threshold: rule.threshold,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: rule.of ?? 3,
        datapointsToAlarm: rule.periods,
        treatMissingData: rule.tellsSilence
          ? TreatMissingData.MISSING
          : TreatMissingData.NOT_BREACHING,
        alarmDescription: rule.description,
      })
      return { alarm, rule }
    })
    this.alarms = all.map(({ alarm }) => alarm)
    const topics = [...(topic ? [topic] : []), ...(email ? [this.topicFor(email)] : [])]
    for (const { alarm, rule } of all) {
      for (const action of topics.map((each) => new SnsAction(each))) {
        alarm.addAlarmAction(action)
        if (rule.tellsSilence) alarm.addInsufficientDataAction(action)
      }
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
