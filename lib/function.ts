/**
 * The Lambda function that handles every request, and its log.
 *
 * @module
 */

import { Duration, Validations } from 'aws-cdk-lib'
import { type Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  type CfnFunction,
  Code,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { withDocuments } from './code.ts'
import { createLogAndPermissions, LOGGING, type RunningProps } from './running.ts'

/** What Lambda calls: the bundle has `api.mjs`, which exports `handler`; and with what it is followed by, another. */
const HANDLER = { plain: 'api.handler', traced: 'api-traced.handler' }

/** How long the gateway waits for a response; a function that runs longer has nobody to respond to. */
export const REQUEST_TIMEOUT = Duration.seconds(30)

/** `more` is what requests are followed with by OpenTelemetry. Default: they are not. */
export interface RegistryFunctionProps extends RunningProps {
  /** Whether X-Ray traces requests. */
  readonly tracing: boolean
  /** Memory in MiB; CPU grows with it. */
  readonly memory: number
  /** Concurrent instances reserved for it, which is also their limit. Default: no limit of its own. */
  readonly reservedConcurrency?: number | undefined
}

/** The function and its log. */
export class RegistryFunction extends Construct {
  readonly function: LambdaFunction
  readonly logGroup: LogGroup

  constructor(scope: Construct, id: string, props: RegistryFunctionProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    this.logGroup = logGroup
    this.function = withDocuments(
      props.code,
      props,
      (directory, settings) =>
        new LambdaFunction(this, 'Function', {
          description: 'Slipway, a container registry',
          runtime: Runtime.NODEJS_24_X,
          architecture: Architecture.ARM_64,
          handler: props.more === undefined ? HANDLER.plain : HANDLER.traced,
          code: Code.fromAsset(directory),
          role: props.role,
          memorySize: props.memory,
          timeout: REQUEST_TIMEOUT,
          ...(props.reservedConcurrency !== undefined && {
            reservedConcurrentExecutions: props.reservedConcurrency,
          }),
          environment: { ...props.environment, ...settings },
          logGroup: this.logGroup,
          ...LOGGING,
          // Each trace is billed, and both logs have the times and the request's id: see `trace`.
          tracing: Tracing.DISABLED,
        }),
    )
    if (props.tracing) this.trace(permissions)
    // It must not get an event before it has its permissions.
    this.function.node.addDependency(permissions)
  }

  private trace(permissions: Policy): void {
    // CDK's own way would add a policy of its own to the role.
    const resource = this.function.node.defaultChild as CfnFunction
    resource.tracingConfig = { mode: 'Active' }
    permissions.addStatements(
      new PolicyStatement({
        sid: 'Tracing',
        actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
        resources: ['*'],
      }),
    )
    Validations.of(permissions).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray has no resources that a policy could name for these actions.',
    })
  }
}
