/**
 * The Lambda Web Function: the same registry as a Node server that scales to zero, which takes bodies
 * of any size. The API sends uploads there; it is also a whole registry under its own name.
 *
 * Nothing runs without requests. AWS charges requests, active CPU time, the memory in use and the data
 * that leaves.
 *
 * @module
 */

import { Aws, Duration, Names, Validations } from 'aws-cdk-lib'
import {
  ApplicationLogLevel,
  SystemLogLevel,
  WebFunction,
  WebFunctionAuthType,
  WebFunctionEndpointLocation,
  WebFunctionRuntime,
} from 'aws-cdk-lib/aws-lambda'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { withDocuments } from './code.ts'
import { createLogAndPermissions, type RunningProps } from './running.ts'
import { WebCode } from './web-code.ts'

/** The most that the platform gives one request: the time for a large layer. */
const REQUEST_TIMEOUT = Duration.minutes(15)

/** Requests at once in an environment of 2 GB; the bound on uploads in the server is below it. */
const REQUESTS_AT_ONCE = 16

/** The default of {@link RegistryWebFunctionProps.maxEnvironments}: 160 requests at once. */
export const WEB_ENVIRONMENTS = 10

/** The default of {@link RegistryWebFunctionProps.rateLimit}. */
export const WEB_RATE = 100

export interface RegistryWebFunctionProps extends RunningProps {
  /** Most environments at once, each of 2 vCPU and 2 GB. Default: {@link WEB_ENVIRONMENTS}. */
  readonly maxEnvironments?: number | undefined
  /**
   * Further Regions in which AWS runs it, under one name that leads to the nearest. Another list is another
   * name. Default: none.
   */
  readonly regions?: readonly string[] | undefined
  /** Most requests a second; beyond that, clients get 429. Default: {@link WEB_RATE}. */
  readonly rateLimit?: number | undefined
}

/** The Web Function, its endpoint and its log. */
export class RegistryWebFunction extends Construct {
  readonly function: WebFunction
  readonly logGroup: LogGroup
  /** The host name of its endpoint, which AWS assigns. */
  readonly host: string

  constructor(scope: Construct, id: string, props: RegistryWebFunctionProps) {
    super(scope, id)
    const { logGroup, permissions } = createLogAndPermissions(this, props)
    this.logGroup = logGroup
    const code = new WebCode(this, 'Code', props)
    this.function = withDocuments(
      props.code,
      props,
      (directory, settings) =>
        new WebFunction(this, 'Function', {
          // Unique in the account, not only in the Region: stacks of two Regions may have one name.
          webFunctionName: `${Names.uniqueResourceName(this, { maxLength: 40 })}-${Aws.REGION}`,
          revisionDescription: 'Slipway, a container registry',
          runtime: WebFunctionRuntime.NODEJS_24_X,
          code: code.from(directory),
          role: props.role,
          timeout: REQUEST_TIMEOUT,
          maxConcurrencyPerEnvironment: REQUESTS_AT_ONCE,
          environment: { ...props.environment, ...settings },
          logGroup: this.logGroup,
          // SLIPWAY_LOG_LEVEL decides what is logged; Lambda must not drop any of it.
          applicationLogLevel: ApplicationLogLevel.TRACE,
          systemLogLevel: SystemLogLevel.INFO,
          defaultEndpointAuth: WebFunctionAuthType.APPLICATION_MANAGED,
          defaultEndpoint: {
            ...(props.regions && {
              endpointLocation: WebFunctionEndpointLocation.multiRegion([...props.regions]),
            }),
            maxEnvironments: props.maxEnvironments ?? WEB_ENVIRONMENTS,
            rateLimit: props.rateLimit ?? WEB_RATE,
          },
        }),
    )
    code.serve(this.function)
    // It must not get a request before it has its permissions.
    this.function.node.addDependency(permissions)
    const { endpoint } = this.function
    this.host = endpoint.domainName
    Validations.of(endpoint).acknowledge({
      id: 'Annotation::@aws-cdk/aws-lambda:webFunctionPublicEndpoint',
      reason: "The registry authorizes each request itself, by Docker's token specification.",
    })
  }
}
