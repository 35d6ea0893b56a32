/**
 * The record of pulls: a function of its own, which gets the lines of the registry's logs that tell of a pull, and
 * a call every six hours. Its own log has no subscription, so nothing that it writes calls it.
 *
 * Subscription and schedule are free; docs/deploy.md says what a record costs.
 *
 * @module
 */

import { Duration } from 'aws-cdk-lib'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import {
  FilterPattern,
  type ILogGroup,
  type LogGroup,
  SubscriptionFilter,
} from 'aws-cdk-lib/aws-logs'
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations'
import { Construct } from 'constructs'
import { SAID_EVERY } from '../functions/registry/pulls/bounds.ts'
import { createLogAndPermissions, LOGGING, type RunningProps } from './running.ts'

/** What `loggedPulls` writes. */
const PULLS = '{ $.msg = "pulled" }'

/** MiB. The largest batch takes less than half of it. */
const MEMORY = 512

/** The largest batch, 10,000 manifests that were never pulled, takes a minute or two. */
const TIMEOUT = Duration.minutes(5)

const CALLED_EVERY = Duration.millis(SAID_EVERY)

export interface PullsProps extends RunningProps {
  /** Logs of the functions that serve pulls. */
  readonly logs: readonly ILogGroup[]
}

/** The function, its log, its schedule and its subscriptions. */
export class Pulls extends Construct {
  readonly function: LambdaFunction
  readonly logGroup: LogGroup
  /** Calls that failed, by the time between two calls of the schedule. */
  readonly errors: Metric

  constructor(scope: Construct, id: string, props: PullsProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    this.logGroup = logGroup
    this.function = new LambdaFunction(this, 'Function', {
      description: 'Slipway: records when manifests were last pulled',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'pulls.handler',
      code: Code.fromAsset(props.code),
      role: props.role,
      memorySize: MEMORY,
      timeout: TIMEOUT,
      environment: props.environment,
      logGroup,
      ...LOGGING,
    })
    this.function.node.addDependency(permissions)
    const filters = props.logs.map((log, at) => {
      return new SubscriptionFilter(this, `Lines${at}`, {
        logGroup: log,
        destination: new LambdaDestination(this.function),
        filterPattern: FilterPattern.literal(PULLS),
      })
    })
    const schedule = new Rule(this, 'Schedule', {
      description: 'Slipway: says that pulls are recorded',
      schedule: Schedule.rate(CALLED_EVERY),
      targets: [new Target(this.function)],
    })
    // Nothing is said before all lines come.
    schedule.node.addDependency(...filters)
    this.errors = this.function.metricErrors({ label: 'failed', period: CALLED_EVERY })
  }
}
