/**
 * What keeps repositories in step with those of other registries: a function of its own, which a schedule calls.
 *
 * The schedule is free, and a call without work is two requests to S3; docs/deploy.md says what a run costs.
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
import { withDocuments } from './code.ts'
import { createLogAndPermissions, LOGGING, type RunningProps } from './running.ts'

/** The most that Lambda gives; what is not done by then, the next call does. */
const TIMEOUT = Duration.minutes(15)

/** MiB. Parts in memory take 96 at most; the bandwidth of a function grows with its memory. */
const MEMORY = 1024

/** The time between two calls: no rule runs more often. */
const EVERY = Duration.minutes(5)

/** The time between two points of what failed. */
const PERIOD = Duration.minutes(15)

/** Rules, and what the function needs for them. */
export interface RegistryMirrorProps {
  /** Path of the document. */
  readonly document: string
  /** ARNs of secrets in AWS Secrets Manager, by their names in the document: `env:SLIPWAY_MIRROR_<name>`. */
  readonly secrets?: Readonly<Record<string, string>> | undefined
  /** ARNs of repositories of ECR that images are copied from with `credentials: iam`. Default: none. */
  readonly repositories?: readonly string[] | undefined
}

export interface MirrorProps extends RunningProps, Pick<RegistryMirrorProps, 'secrets'> {}

/** The function, its log and its schedule. */
export class Mirror extends Construct {
  readonly function: LambdaFunction
  readonly logGroup: LogGroup
  /** Calls that failed. */
  readonly errors: Metric

  constructor(scope: Construct, id: string, props: MirrorProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    this.logGroup = logGroup
    const secrets = Object.entries(props.secrets ?? {}).map(([name, arn]) => [
      `SLIPWAY_MIRROR_${name}`,
      arn,
    ])
    // The next call of the schedule goes on.
    const attempts = { retryAttempts: 0, maxEventAge: EVERY }
    this.function = withDocuments(
      props.code,
      props,
      (directory) =>
        new LambdaFunction(this, 'Function', {
          description: 'Slipway: keeps repositories in step with others',
          runtime: Runtime.NODEJS_24_X,
          architecture: Architecture.ARM_64,
          handler: 'mirror.handler',
          code: Code.fromAsset(directory),
          role: props.role,
          memorySize: MEMORY,
          timeout: TIMEOUT,
          environment: { ...props.environment, ...Object.fromEntries(secrets) },
          logGroup,
          ...LOGGING,
          ...attempts,
        }),
    )
    this.function.node.addDependency(permissions)
    new Rule(this, 'Schedule', {
      description: 'Slipway: keeps repositories in step with others',
      schedule: Schedule.rate(EVERY),
      targets: [new Target(this.function, attempts)],
    })
    this.errors = this.function.metricErrors({ label: 'failed', period: PERIOD })
  }
}
