/**
 * What sends events: a function of its own, which S3 calls, by EventBridge, for each event that is recorded, and a
 * schedule for what has to be sent again.
 *
 * Rules and schedule are free; docs/events.md says what an event costs, and what S3's own notifications do.
 *
 * @module
 */

import { Duration } from 'aws-cdk-lib'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Match, Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { OUTBOX } from '../functions/events/record.ts'
import type { AnyBucket } from './bucket.ts'
import { createLogAndPermissions, LOGGING, type RunningProps } from './running.ts'

/** For what waits: a hundred thousand events and more. What is not sent by then, the next call sends. */
const TIMEOUT = Duration.minutes(5)

/** MiB. Eight of the largest records at once, with the manifests that they refer to, take half of it. */
const MEMORY = 512

/** The time between two points of what failed: more than that between two calls. */
const PERIOD = Duration.minutes(15)

/** Minutes between two calls of the schedule where the bucket tells of events, and where it does not. */
const MINUTES = { told: 5, asked: 1 }

/** Who is sent events. */
export interface RegistryEventsProps {
  /**
   * Minutes between two calls by the schedule, 1 to 15: how long an event waits at most that S3 does not tell of, or
   * whose receiver did not take it. Default: 5 with a new bucket, 1 with an existing one.
   */
  readonly minutes?: number | undefined
  /** Most calls at once, reserved within the account's limit. Default: that limit. */
  readonly concurrency?: number | undefined
  /** ARNs of event buses that receivers may be. Default: none. */
  readonly buses?: readonly string[] | undefined
  /** ARNs of secrets in AWS Secrets Manager, by their names in the document of receivers: `env:SLIPWAY_EVENT_<name>`. */
  readonly secrets?: Readonly<Record<string, string>> | undefined
}

export interface EventsProps extends RunningProps, RegistryEventsProps {
  readonly bucket: AnyBucket
  /** Prefix of every key: empty, or ends with `/`. */
  readonly keyPrefix: string
  /** Whether the bucket surely tells EventBridge of what is written. */
  readonly told: boolean
}

/** The function, its log, its schedule, and the rule by which S3 calls it. */
export class Events extends Construct {
  readonly function: LambdaFunction
  readonly logGroup: LogGroup
  /** Calls that failed. */
  readonly errors: Metric

  constructor(scope: Construct, id: string, props: EventsProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    this.logGroup = logGroup
    const every = Duration.minutes(props.minutes ?? (props.told ? MINUTES.told : MINUTES.asked))
    const secrets = Object.entries(props.secrets ?? {}).map(([name, arn]) => [
      `SLIPWAY_EVENT_${name}`,
      arn,
    ])
    // The next call of the schedule tries again.
    const attempts = { retryAttempts: 0, maxEventAge: every }
    this.function = new LambdaFunction(this, 'Function', {
      description: 'Slipway: sends events',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'events.handler',
      code: Code.fromAsset(props.code),
      role: props.role,
      memorySize: MEMORY,
      timeout: TIMEOUT,
      ...(props.concurrency !== undefined && { reservedConcurrentExecutions: props.concurrency }),
      environment: { ...props.environment, ...Object.fromEntries(secrets) },
      logGroup,
      ...LOGGING,
      ...attempts,
    })
    this.function.node.addDependency(permissions)
    const targets = [new Target(this.function, attempts)]
    new Rule(this, 'Schedule', {
      description: 'Slipway: sends events again',
      schedule: Schedule.rate(every),
      targets,
    })
    // Also for an existing bucket, which may tell EventBridge.
    new Rule(this, 'Recorded', {
      description: 'Slipway: sends events that are recorded',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [props.bucket.bucketName] },
          object: { key: Match.prefix(props.keyPrefix + OUTBOX) },
        },
      },
      targets,
    })
    this.errors = this.function.metricErrors({ label: 'failed', period: PERIOD })
  }
}
