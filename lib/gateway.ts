/**
 * The HTTP API: every method and path goes to the function.
 *
 * Costs 1.00 USD per million requests (of up to 512 KB each), and nothing without requests.
 *
 * @module
 */

import { ArnFormat, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { CfnApi, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2'
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { REQUEST_TIMEOUT } from './function.ts'

/** What the access log says of a request. Never the query, which carries upload states. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  protocol: '$context.protocol',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationStatus: '$context.integrationStatus',
  integrationLatency: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
  error: '$context.error.message',
  userAgent: '$context.identity.userAgent',
}

export interface GatewayProps {
  readonly function: IFunction
  /** Requests per second in the long run; beyond that, clients get 429. */
  readonly rate: number
  /** Requests at once after a quiet period. */
  readonly burst: number
  /** The same for `/token` alone, where passwords could be guessed. */
  readonly tokenRate: number
  readonly tokenBurst: number
  /** Whether its host names have IPv6 addresses as well. */
  readonly dualstack: boolean
  /** Whether the API has a host name of its own, `<id>.execute-api.<region>.amazonaws.com`. */
  readonly ownHost: boolean
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
}

/** The route with rates of its own. */
const TOKEN_ROUTE = 'ANY /token'

/** The HTTP API with its routes, stage and access log. */
export class Gateway extends Construct {
  readonly api: CfnApi
  readonly stage: CfnStage
  readonly accessLog: LogGroup
  /** The API's own host name. */
  readonly host: string

  constructor(scope: Construct, id: string, props: GatewayProps) {
    super(scope, id)
    const stack = Stack.of(this)
    const { region, urlSuffix } = stack
    this.api = new CfnApi(this, 'Api', {
      name: stack.stackName,
      description: 'Slipway, a container registry',
      protocolType: 'HTTP',
      disableExecuteApiEndpoint: !props.ownHost,
      ...(props.dualstack && { ipAddressType: 'dualstack' }),
    })
    this.host = `${this.api.ref}.execute-api.${region}.${urlSuffix}`
    const integration = new CfnIntegration(this, 'Integration', {
      apiId: this.api.ref,
      integrationType: 'AWS_PROXY',
      integrationMethod: 'POST',
      integrationUri: props.function.functionArn,
      payloadFormatVersion: '2.0',
      timeoutInMillis: REQUEST_TIMEOUT.toMilliseconds(),
      responseParameters: {
        // A gateway may rename WWW-Authenticate, without which no client knows how to log in.
        401: {
          ResponseParameters: [
            {
              Destination: 'overwrite:header.WWW-Authenticate',
              Source: '$response.header.x-registry-challenge',
            },
          ],
        },
      },
    })
    this.route('Route', '$default', integration)
    const tokenRoute = this.route('TokenRoute', TOKEN_ROUTE, integration)
    this.accessLog = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      removalPolicy: props.removalPolicy,
    })
    this.stage = new CfnStage(this, 'Stage', {
      apiId: this.api.ref,
      // The only stage at the root: clients cannot use a base path.
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: {
        // `logGroupArn` ends with `:*`, which the gateway drops, so the stack would drift.
        destinationArn: stack.formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: this.accessLog.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
        format: JSON.stringify(ACCESS_LOG),
      },
      defaultRouteSettings: {
        throttlingRateLimit: props.rate,
        throttlingBurstLimit: props.burst,
      },
      routeSettings: {
        [TOKEN_ROUTE]: {
          ThrottlingRateLimit: props.tokenRate,
          ThrottlingBurstLimit: props.tokenBurst,
        },
      },
    })
    // Its settings name the route, which must be there first.
    this.stage.addResourceDependency(tokenRoute)
    props.function.addPermission('Gateway', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: stack.formatArn({
        service: 'execute-api',
        resource: this.api.ref,
        resourceName: '*/*',
      }),
    })
  }

  private route(id: string, routeKey: string, integration: CfnIntegration): CfnRoute {
    const route = new CfnRoute(this, id, {
      apiId: this.api.ref,
      routeKey,
      target: `integrations/${integration.ref}`,
      authorizationType: 'NONE',
    })
    Validations.of(route).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: "The registry authorizes each request itself, by Docker's token specification.",
    })
    return route
  }
}
