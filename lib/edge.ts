/**
 * One host name for everything: a CloudFront distribution before the API and what takes uploads.
 *
 * Without requests it costs nothing. With them, the data that leaves is charged as from S3 (0.085 USD a GB
 * from the first, 1 TB a month free), 1.00 USD per million requests, and 0.60 USD per million calls of the
 * function at the origin's responses (prices of us-east-1 and its edge locations).
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { Stack, Token, Validations } from 'aws-cdk-lib'
import {
  CfnCachePolicy,
  CfnDistribution,
  CfnFunction,
  CfnOriginAccessControl,
} from 'aws-cdk-lib/aws-cloudfront'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IAliasRecordTarget } from 'aws-cdk-lib/aws-route53'
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import { EDGE_HEADER } from '../functions/api/middleware/edge.ts'
import { BLOBS_PREFIX } from '../functions/registry/layout.ts'
import type { AnyBucket } from './bucket.ts'
import { EdgeCache } from './edge-cache.ts'

/** AWS's policies, by their ids: nothing is kept, and all goes to the origin but the viewer's Host. */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad'
const ALL_VIEWER_EXCEPT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac'

/** What clients of a registry send; no behaviour can allow fewer and PATCH among them. */
const ALL_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']
const READS = ['GET', 'HEAD']

/**
 * Errors that CloudFront keeps for ten seconds unless it is told not to, also where nothing else is kept: a
 * blob that was not there before its push would not be there after it either.
 */
const KEPT_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]

/** Seconds. */
const YEAR = 31_536_000

/** Seconds until the API's gateway gives up by itself. */
const API_TIMEOUT = 30

/** The default of {@link EdgeProps.uploadTimeout}. */
export const UPLOAD_TIMEOUT = 120

/** What lives in us-east-1, whatever the region of the registry. */
export interface EdgeParts {
  /** ARN of a certificate for the domain. */
  readonly certificate: string
  /** ARN of the numbered version of the function for responses of origins. */
  readonly originResponse: string
  /** ARN of a web ACL. Default: none, since it costs something every month. */
  readonly webAcl?: string | undefined
}

export interface EdgeProps extends EdgeParts {
  /** The host name. */
  readonly domain: string
  /** Host of the API. */
  readonly api: string
  /** Host that takes uploads of any size. Default: the API, with what it can take. */
  readonly uploads?: string | undefined
  readonly bucket: AnyBucket
  /** Prefix of every key: empty, or ends with `/`. */
  readonly keyPrefix: string
  /** What the origins are shown. */
  readonly secret: string
  /** Id of the group of keys that URLs to the bucket are verified with. */
  readonly keyGroup: string
  /** Most seconds that the end of an upload may take: blobs are verified and copied then. */
  readonly uploadTimeout: number
  /** Whether it keeps what is pulled from public repositories. */
  readonly keepsPublic: boolean
}

const customOrigin = (
  id: string,
  domainName: string,
  readTimeout: number,
  secret?: string,
): CfnDistribution.OriginProperty => ({
  id,
  domainName,
  customOriginConfig: {
    originProtocolPolicy: 'https-only',
    originSslProtocols: ['TLSv1.2'],
    originReadTimeout: readTimeout,
  },
  ...(secret && { originCustomHeaders: [{ headerName: EDGE_HEADER, headerValue: secret }] }),
})

const REASONS: Readonly<Record<string, string>> = {
  CFR1: 'Who may pull and push is decided by credentials, not by countries.',
  CFR2: 'A web ACL costs something every month; edgeTokenRate asks for one.',
  CFR3: 'Its log is delivered by CloudWatch Logs, which can leave out the query; edgeLogs switches it off.',
}

const acknowledge = (distribution: CfnDistribution): void => {
  for (const [rule, reason] of Object.entries(REASONS)) {
    Validations.of(distribution).acknowledge({ id: `AwsSolutions-${rule}`, reason })
  }
}

/** The distribution. */
export class Edge extends Construct {
  readonly distribution: CfnDistribution
  /** What the name must point to: the target of a CNAME record. */
  readonly target: string
  /** The same, as the target of an alias record in Route 53. */
  readonly alias: IAliasRecordTarget
  /** What a bucket's policy must allow, as JSON, where the bucket is not of this stack. */
  readonly bucketStatement: string | undefined
  /** The list of public repositories, if it keeps what is pulled from them. */
  readonly cache: EdgeCache | undefined

  constructor(scope: Construct, id: string, props: EdgeProps) {
    super(scope, id)
    const { domain, uploads, secret, keyPrefix } = props
    const { bucketName } = props.bucket
    if (!Token.isUnresolved(bucketName) && bucketName.includes('.')) {
      throw new Error(`an edge needs a bucket without dots in its name, unlike ${bucketName}`)
    }
    const forwarding = {
      viewerProtocolPolicy: 'https-only',
      cachePolicyId: CACHING_DISABLED,
      originRequestPolicyId: ALL_VIEWER_EXCEPT_HOST,
      allowedMethods: ALL_METHODS,
      compress: false,
      lambdaFunctionAssociations: [
        { eventType: 'origin-response', lambdaFunctionArn: props.originResponse },
      ],
    }
    this.cache = props.keepsPublic ? new EdgeCache(this, 'Cache') : undefined
    const toApi = { ...forwarding, targetOriginId: 'api' }
    this.distribution = new CfnDistribution(this, 'Distribution', {
      distributionConfig: {
        comment: `${Stack.of(this).stackName}: a container registry`,
        enabled: true,
        aliases: [domain],
        httpVersion: 'http2and3',
        ipv6Enabled: true,
        viewerCertificate: {
          acmCertificateArn: props.certificate,
          sslSupportMethod: 'sni-only',
          minimumProtocolVersion: 'TLSv1.2_2021',
        },
        ...(props.webAcl && { webAclId: props.webAcl }),
        origins: [
          customOrigin('api', props.api, API_TIMEOUT, secret),
          ...(uploads ? [customOrigin('uploads', uploads, props.uploadTimeout, secret)] : []),
          this.bucketOrigin(props.bucket.bucketRegionalDomainName),
        ],
        cacheBehaviors: [
          this.bucketBehaviour(`/${keyPrefix}${BLOBS_PREFIX}*`, props.keyGroup),
          // Some clients leave the last slash out.
          ...(uploads ? ['/v2/*/blobs/uploads/*', '/v2/*/blobs/uploads'] : []).map(
            (pathPattern) => ({ ...forwarding, pathPattern, targetOriginId: 'uploads' }),
          ),
          ...(this.cache?.behaviours(toApi) ?? []),
        ],
        defaultCacheBehavior: toApi,
        customErrorResponses: KEPT_ERRORS.map((errorCode) => ({
          errorCode,
          errorCachingMinTtl: 0,
        })),
      },
    })
    acknowledge(this.distribution)
    this.bucketStatement = this.admit(props)
    this.target = this.distribution.attrDomainName
    this.alias = {
      bind: () => ({
        dnsName: this.target,
        hostedZoneId: CloudFrontTarget.getHostedZoneId(this),
      }),
    }
  }

  /** Lets the distribution read blobs. @returns the statement where this stack cannot say it */
  private admit({ bucket, keyPrefix }: EdgeProps): string | undefined {
    const stack = Stack.of(this)
    const statement = new PolicyStatement({
      sid: 'Edge',
      principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
      actions: ['s3:GetObject'],
      resources: [bucket.arnForObjects(`${keyPrefix}${BLOBS_PREFIX}*`)],
      conditions: {
        StringEquals: {
          'AWS:SourceArn': stack.formatArn({
            service: 'cloudfront',
            region: '',
            resource: 'distribution',
            resourceName: this.distribution.ref,
          }),
        },
      },
    })
    const { statementAdded } = bucket.addToResourcePolicy(statement)
    return statementAdded ? undefined : stack.toJsonString(statement.toStatementJson())
  }

  /**
   * The way to the bucket, for URLs that the registry signs: CloudFront asks S3 in its own name, and keeps what
   * never changes. A function adds the digest, which S3 cannot.
   */
  private bucketBehaviour(
    pathPattern: string,
    keyGroup: string,
  ): CfnDistribution.CacheBehaviorProperty {
    const { stackName } = Stack.of(this)
    const policy = new CfnCachePolicy(this, 'ByKey', {
      cachePolicyConfig: {
        name: `${stackName}-by-key`,
        comment: 'What is under a digest never changes',
        minTtl: 0,
        defaultTtl: YEAR,
        maxTtl: YEAR,
        parametersInCacheKeyAndForwardedToOrigin: {
          enableAcceptEncodingGzip: false,
          enableAcceptEncodingBrotli: false,
          headersConfig: { headerBehavior: 'none' },
          cookiesConfig: { cookieBehavior: 'none' },
          queryStringsConfig: {
            queryStringBehavior: 'whitelist',
            queryStrings: ['response-content-type'],
          },
        },
      },
    })
    const digest = new CfnFunction(this, 'ManifestDigest', {
      name: `${stackName}-manifest-digest`,
      functionCode: readFileSync(new URL('./edge/manifest-digest.js', import.meta.url), 'utf8'),
      functionConfig: { comment: 'Names the digest in the key', runtime: 'cloudfront-js-2.0' },
      autoPublish: true,
    })
    return {
      pathPattern,
      targetOriginId: 'bucket',
      viewerProtocolPolicy: 'https-only',
      allowedMethods: READS,
      cachePolicyId: policy.ref,
      trustedKeyGroups: [keyGroup],
      compress: false,
      functionAssociations: [{ eventType: 'viewer-response', functionArn: digest.attrFunctionArn }],
    }
  }

  /** @returns an origin that CloudFront signs its requests to */
  private bucketOrigin(domainName: string): CfnDistribution.OriginProperty {
    const access = new CfnOriginAccessControl(this, 'BucketAccess', {
      originAccessControlConfig: {
        name: Stack.of(this).stackName,
        originAccessControlOriginType: 's3',
        signingBehavior: 'always',
        signingProtocol: 'sigv4',
      },
    })
    return {
      id: 'bucket',
      domainName,
      s3OriginConfig: { originAccessIdentity: '' },
      originAccessControlId: access.attrId,
    }
  }
}
