/**
 * The clean-up: a function of its own, which a schedule calls every hour. It cleans up once a day; an hour
 * later it goes on, where the time of an invocation was not enough, or tries again.
 *
 * The schedule is free, and an hour without work is two requests to S3; docs/deploy.md says what a run costs.
 *
 * @module
 */

import { Duration } from 'aws-cdk-lib'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { createLogAndPermissions, LOGGING, type RunningProps } from './running.ts'

/** The most that Lambda gives; what is not done by then, the next hour does. */
const TIMEOUT = Duration.minutes(15)

/** MiB. A run over 200,000 links took 190; more is more CPU, with which the manifests are read in less time. */
const MEMORY = 1024

/** V8 may let garbage of listings grow to 100 MB otherwise, for no time that could be measured. */
export const NODE_OPTIONS = '--max-semi-space-size=8'

const HOUR = Duration.hours(1)

/** The function, its log and its schedule. */
export class CleanUp extends Construct {
  readonly function: LambdaFunction
  readonly logGroup: LogGroup
  /** Calls that failed, by the hour. */
  readonly errors: Metric

  constructor(scope: Construct, id: string, props: RunningProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    this.logGroup = logGroup
    this.function = new LambdaFunction(this, 'Function', {
      description: 'Slipway: removes what no manifest needs',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'clean-up.handler',
      code: Code.fromAsset(props.code),
      role: props.role,
      memorySize: MEMORY,
      timeout: TIMEOUT,
      // No concurrency is reserved, for which small accounts have none to spare: of two runs one ends at once.
      environment: { ...props.environment, NODE_OPTIONS },
      logGroup,
      ...LOGGING,
      // The next hour tries again.
      retryAttempts: 0,
      maxEventAge: HOUR,
    })
    this.function.node.addDependency(permissions)
    new Rule(this, 'Schedule', {
      description: 'Slipway: calls the clean-up',
      schedule: Schedule.rate(HOUR),
      targets: [new Target(this.function, { retryAttempts: 0, maxEventAge: HOUR })],
    })
    this.errors = this.function.metricErrors({ label: 'failed', period: HOUR })
  }
}
