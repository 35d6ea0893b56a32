/**
 * Where a registry is at home: in its own bucket or, for a second Region's, in that of the first, with its own
 * bucket as the copy.
 *
 * @module
 */

import { Stack } from 'aws-cdk-lib'
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { AnyBucket } from './bucket.ts'
import { type BucketAccess, bucketStatements } from './permissions.ts'
import type { RegistryProps } from './registry-props.ts'
import { copyStatements } from './replication.ts'

export interface Home {
  /** The bucket that everything is written to. */
  readonly bucket: AnyBucket
  /** What the functions must be allowed in buckets. */
  readonly statements: readonly PolicyStatement[]
  /** The settings that say where the buckets are, but for the store. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Says where it is at home.
 *
 * @param access to the bucket that the stack has or was given
 */
export const homeOf = (
  scope: Construct,
  { primary, webRegions }: Pick<RegistryProps, 'primary' | 'webRegions'>,
  access: BucketAccess,
): Home => {
  const own = access.bucket
  const region = primary?.region ?? (webRegions && Stack.of(scope).region)
  // Where it runs is not where the bucket is.
  const environment = region === undefined ? {} : { SLIPWAY_S3_REGION: region }
  if (primary === undefined) {
    return { bucket: own, statements: bucketStatements(access), environment }
  }
  const bucket = Bucket.fromBucketName(scope, 'PrimaryBucket', primary.bucket) as AnyBucket
  return {
    bucket,
    statements: [
      ...bucketStatements({ ...access, bucket }),
      ...copyStatements(own, access.keyPrefix),
    ],
    environment: {
      ...environment,
      SLIPWAY_S3_REPLICA: own.bucketName,
      SLIPWAY_S3_REPLICA_REGION: Stack.of(scope).region,
    },
  }
}
