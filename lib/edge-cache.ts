/**
 * What the edge keeps of public repositories: the list in which it looks them up, the function that does so, and
 * what its cache is keyed by. The list is empty until `slipway policy publish` fills it.
 *
 * A lookup costs 0.03 USD per million, and a repository as deep as `a/b/c` takes up to five of them; each call of
 * the function 0.10 USD per million; each change of the list 0.001 USD. Without requests it costs nothing.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { Stack } from 'aws-cdk-lib'
import {
  CfnCachePolicy,
  type CfnDistribution,
  CfnFunction,
  CfnKeyValueStore,
} from 'aws-cdk-lib/aws-cloudfront'
import { Construct } from 'constructs'
import { DIGEST_AGE, PUBLIC_HEADER } from '../functions/api/middleware/edge-cache.ts'
import { NAMESPACE_HEADER } from '../functions/api/namespace.ts'

/** Reads of manifests and blobs; uploads come before. */
const PATTERNS = ['/v2/*/manifests/*', '/v2/*/blobs/*']

/** The list and its use. */
export class EdgeCache extends Construct {
  /** The list's ARN. */
  readonly keyValueStore: string
  /** What of a behaviour makes it keep answers. */
  private readonly keeping: Pick<
    CfnDistribution.CacheBehaviorProperty,
    'cachePolicyId' | 'functionAssociations'
  >

  constructor(scope: Construct, id: string) {
    super(scope, id)
    const { stackName } = Stack.of(this)
    const list = new CfnKeyValueStore(this, 'Public', {
      name: `${stackName}-public`,
      comment: 'Repositories that everyone may pull, by slipway policy publish',
    })
    this.keyValueStore = list.attrArn
    const lookUp = new CfnFunction(this, 'PublicReads', {
      name: `${stackName}-public-reads`,
      functionCode: readFileSync(new URL('./edge/public-reads.js', import.meta.url), 'utf8'),
      functionConfig: {
        comment: 'Reads of public repositories are the same for everyone',
        runtime: 'cloudfront-js-2.0',
        keyValueStoreAssociations: [{ keyValueStoreArn: list.attrArn }],
      },
      autoPublish: true,
    })
    const policy = new CfnCachePolicy(this, 'ByCaller', {
      cachePolicyConfig: {
        name: `${stackName}-by-caller`,
        comment: 'What the registry says may be kept, for those who may have it',
        minTtl: 0,
        // What does not say so is not kept.
        defaultTtl: 0,
        maxTtl: DIGEST_AGE,
        parametersInCacheKeyAndForwardedToOrigin: {
          enableAcceptEncodingGzip: false,
          enableAcceptEncodingBrotli: false,
          headersConfig: {
            headerBehavior: 'whitelist',
            headers: ['Authorization', PUBLIC_HEADER, NAMESPACE_HEADER],
          },
          cookiesConfig: { cookieBehavior: 'none' },
          queryStringsConfig: { queryStringBehavior: 'all' },
        },
      },
    })
    this.keeping = {
      cachePolicyId: policy.ref,
      functionAssociations: [{ eventType: 'viewer-request', functionArn: lookUp.attrFunctionArn }],
    }
  }

  /** Behaviours that keep answers, each as the one that forwards to the API. */
  behaviours(
    forwarding: Omit<CfnDistribution.CacheBehaviorProperty, 'pathPattern'>,
  ): CfnDistribution.CacheBehaviorProperty[] {
    return PATTERNS.map((pathPattern) => ({ ...forwarding, ...this.keeping, pathPattern }))
  }
}
