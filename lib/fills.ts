/**
 * What copies blobs of upstreams into the bucket: a function of its own, which the one behind the API has called for each
 * blob that it sends a client elsewhere for.
 *
 * @module
 */

import { ArnFormat, Duration, Names, Stack } from 'aws-cdk-lib'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { createLogAndPermissions, LOGGING, type RunningProps } from './running.ts'

/** The most that Lambda gives. What takes longer goes on in another call. */
const TIMEOUT = Duration.minutes(15)

/** MiB. Parts in memory take 96 at most; the bandwidth of a function grows with its memory. */
const MEMORY = 1024

/** The time between two points of what failed. */
const PERIOD = Duration.minutes(15)

/** Upstreams, and what the functions need for them. */
export interface RegistryUpstreamsProps {
  /** Most copies at once, reserved within the account's limit. Default: that limit. */
  readonly concurrency?: number | undefined
  /** ARNs of secrets in AWS Secrets Manager, by their names in the document: `env:SLIPWAY_UPSTREAM_<name>`. */
  readonly secrets?: Readonly<Record<string, string>> | undefined
  /** ARNs of repositories of ECR that upstreams with `credentials: iam` may be. Default: none. */
  readonly repositories?: readonly string[] | undefined
}

/** Secrets of upstreams by their variables. */
export const upstreamSecrets = ({
  secrets = {},
}: RegistryUpstreamsProps): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(secrets).map(([name, arn]) => [`SLIPWAY_UPSTREAM_${name}`, arn]),
  )

export interface FillsProps extends RunningProps, Pick<RegistryUpstreamsProps, 'concurrency'> {}

/** The function, and its log. */
export class Fills extends Construct {
  readonly function: LambdaFunction
  /** Known before the function is there, so that its own role may name it. */
  readonly functionArn: string
  readonly logGroup: LogGroup
  /** Calls that failed. */
  readonly errors: Metric

  constructor(scope: Construct, id: string, props: FillsProps) {
    super(scope, id)
    const functionName = Names.uniqueResourceName(this, { maxLength: 64 })
    this.functionArn = Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
    const { logGroup, permissions } = createLogAndPermissions(this, {
      ...props,
      statements: [...props.statements, this.callStatement()],
    })
    this.logGroup = logGroup
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: 'Slipway: copies blobs of upstreams',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'fill.handler',
      code: Code.fromAsset(props.code),
      role: props.role,
      memorySize: MEMORY,
      timeout: TIMEOUT,
      ...(props.concurrency !== undefined && { reservedConcurrentExecutions: props.concurrency }),
      environment: { ...props.environment },
      logGroup,
      ...LOGGING,
      // Whoever asks for the blob next has it called again: what is late by then is for nobody.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
    })
    this.function.node.addDependency(permissions)
    this.errors = this.function.metricErrors({ label: 'failed', period: PERIOD })
  }

  /** The statement for a role that has it called. */
  callStatement(): PolicyStatement {
    return new PolicyStatement({
      sid: 'Copies',
      actions: ['lambda:InvokeFunction'],
      resources: [this.functionArn],
    })
  }
}
