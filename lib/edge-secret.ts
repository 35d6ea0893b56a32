/**
 * What the edge shows to its origins. Both sides derive it from the key that seals upload states, so it is
 * in no template, environment, parameter or store; only the distribution's own configuration has it.
 *
 * @module
 */

import { CustomResource, Duration, type RemovalPolicy } from 'aws-cdk-lib'
import type { IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { createLogAndPermissions } from './running.ts'

export interface EdgeSecretProps {
  readonly role: IRole
  /** What the role may do to find the key. */
  readonly statements: readonly PolicyStatement[]
  /** The settings of the registry that say which key seals upload states. */
  readonly environment: Readonly<Record<string, string>>
  /** Names of the secrets that are good; the first is shown. */
  readonly names: readonly string[]
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
  /** Directory with the bundle: `edge-secret.mjs` exports `handler`. */
  readonly code: string
}

/** The secret, derived when the stack is deployed and whenever its name changes. */
export class EdgeSecret extends Construct {
  /** The value of the header, as a reference that CloudFormation resolves. */
  readonly value: string
  /** For each name, the public half of the key that URLs are signed with, in the same way. */
  readonly publicKeys: readonly (readonly [name: string, pem: string])[]

  constructor(scope: Construct, id: string, props: EdgeSecretProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    const derive = new LambdaFunction(this, 'Function', {
      description: 'Slipway: derives what the edge shows to its origins',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'edge-secret.handler',
      code: Code.fromAsset(props.code),
      role: props.role,
      memorySize: 256,
      timeout: Duration.seconds(30),
      environment: { ...props.environment, SLIPWAY_EDGE_SECRETS: props.names.join() },
      logGroup,
      loggingFormat: LoggingFormat.JSON,
    })
    derive.node.addDependency(permissions)
    const resource = new CustomResource(this, 'Value', {
      serviceToken: derive.functionArn,
      resourceType: 'Custom::SlipwayEdgeSecret',
      // Other names are other secrets.
      properties: { Names: props.names.join() },
    })
    this.value = resource.getAttString('Value')
    this.publicKeys = props.names.map((name) => [name, resource.getAttString(`PublicKey${name}`)])
  }
}
