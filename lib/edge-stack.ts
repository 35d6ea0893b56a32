/**
 * What CloudFront takes from us-east-1 alone, whatever the region of the registry: the certificate, the
 * function for responses of origins, and a web ACL if one is asked for.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager'
import { CompositePrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2'
import type { Construct } from 'constructs'
import type { EdgeParts } from './edge.ts'

/** The region that CloudFront takes these from. */
export const EDGE_REGION = 'us-east-1'

export interface EdgeStackProps extends StackProps {
  readonly domain: string
  /** ARN of a certificate for the domain in us-east-1. Default: one is created and validated in the zone. */
  readonly certificate?: string | undefined
  readonly zone?: ((scope: Construct) => IHostedZone) | undefined
  /** Most requests to `/token` of one address in five minutes; beyond that, 429. Default: no web ACL. */
  readonly tokenRate?: number | undefined
}

const TOO_MANY = JSON.stringify({
  errors: [
    {
      code: 'TOOMANYREQUESTS',
      message: 'too many log-ins from this address: try again in five minutes',
      detail: {},
    },
  ],
})

/** The parts, for a distribution in another stack. */
export class EdgeStack extends Stack {
  readonly parts: EdgeParts

  constructor(scope: Construct, id: string, props: EdgeStackProps) {
    const { domain, certificate, zone, tokenRate, ...others } = props
    super(scope, id, {
      description: 'Slipway, a container registry: what CloudFront takes from us-east-1',
      ...others,
    })
    this.parts = {
      certificate: certificate ?? this.certificate(domain, zone),
      originResponse: this.originResponse(),
      webAcl: tokenRate === undefined ? undefined : this.webAcl(tokenRate),
    }
  }

  private certificate(domainName: string, zone: EdgeStackProps['zone']): string {
    if (zone === undefined) {
      throw new Error(`the domain ${domainName} needs a certificate, or a zone to validate one in`)
    }
    const validation = CertificateValidation.fromDns(zone(this))
    return new Certificate(this, 'Certificate', { domainName, validation }).certificateArn
  }

  /** @returns the ARN of a numbered version */
  private originResponse(): string {
    const role = new Role(this, 'OriginResponseRole', {
      // It logs nothing: the logs would be in every region that has clients.
      description: 'What the function for responses of origins may do: nothing',
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('lambda.amazonaws.com'),
        new ServicePrincipal('edgelambda.amazonaws.com'),
      ),
    })
    return new LambdaFunction(this, 'OriginResponse', {
      description: 'Slipway: puts back what gateways change in responses',
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromAsset(fileURLToPath(new URL('./edge/origin-response', import.meta.url))),
      role,
      memorySize: 128,
      timeout: Duration.seconds(5),
      // A version is deleted only hours after the last distribution has left it.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    }).currentVersion.functionArn
  }

  /** @returns the ARN of a web ACL that counts requests to `/token` by address */
  private webAcl(limit: number): string {
    const visibility = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: false,
      metricName,
    })
    return new CfnWebACL(this, 'WebAcl', {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('edge'),
      customResponseBodies: {
        'too-many': { contentType: 'APPLICATION_JSON', content: TOO_MANY },
      },
      rules: [
        {
          name: 'token',
          priority: 0,
          statement: {
            rateBasedStatement: {
              limit,
              aggregateKeyType: 'IP',
              scopeDownStatement: {
                byteMatchStatement: {
                  fieldToMatch: { uriPath: {} },
                  positionalConstraint: 'EXACTLY',
                  searchString: '/token',
                  // However it is spelled.
                  textTransformations: [
                    { priority: 0, type: 'URL_DECODE' },
                    { priority: 1, type: 'NORMALIZE_PATH' },
                  ],
                },
              },
            },
          },
          action: {
            block: {
              customResponse: {
                responseCode: 429,
                customResponseBodyKey: 'too-many',
                responseHeaders: [{ name: 'Retry-After', value: '300' }],
              },
            },
          },
          visibilityConfig: visibility('token'),
        },
      ],
    }).attrArn
  }
}
