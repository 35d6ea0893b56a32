/**
 * The bucket that holds everything: blobs, manifests, tags, accounts.
 *
 * @module
 */

import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type CfnBucket,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { FAILURE_LIFE } from '../functions/auth/throttle/expire.ts'
import { EVENTS_PREFIX } from '../functions/events/keys.ts'
import {
  DELETIONS_PREFIX,
  FAILED_LOG_INS_PREFIX,
  REFERRER_PAGES_PREFIX,
  UPLOADS_PREFIX,
} from '../functions/registry/layout.ts'
import { REFERRER_PAGE_LIFE } from '../functions/registry/referrer-pages.ts'
import { UPLOAD_LIFE } from '../functions/registry/uploads/expire.ts'
import { SEARCH_PREFIX } from '../functions/search/keys.ts'
import { replicationTo } from './replication.ts'

/** Any bucket. CDK's `Bucket` is not assignable to `IBucket` under `exactOptionalPropertyTypes`. */
export type AnyBucket = IBucket | Bucket

export interface RegistryBucketProps {
  /** Prefix of every key: empty, or ends with `/`. */
  readonly keyPrefix: string
  /** Days for which deletes can be undone, and old versions are kept: at least one. Default: 14. */
  readonly undeleteDays?: number | undefined
  /**
   * Days for which S3's log of accesses is kept, in a bucket of its own. Default: no log. Without it, nothing
   * says which blobs were downloaded from S3, only who asked for them.
   */
  readonly accessLogDays?: number | undefined
  /** Whether it tells EventBridge, in its account and Region, of what is written. Default: no. */
  readonly notifies?: boolean | undefined
  /** Name of a bucket in another Region that S3 copies it to. Default: none. */
  readonly replica?: string | undefined
  /** Key that S3 encrypts with. Default: S3's own, which is free. */
  readonly encryptionKey?: IKey | undefined
  /** What happens to it when the stack is deleted; `DESTROY` works only if it is empty. Default: `RETAIN`. */
  readonly removalPolicy?: RemovalPolicy | undefined
}

/** The default of {@link RegistryBucketProps.undeleteDays}. */
export const UNDELETE_DAYS = 14

/** The same as on a server, which removes expired uploads itself. */
const uploadLife = Duration.millis(UPLOAD_LIFE)

/** Days for which events wait for their receivers. */
export const EVENT_DAYS = 30

/** What every bucket of ours has: no public access, TLS only, versions, one owner. */
export const PRIVATE_BUCKET = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  versioned: true,
} as const satisfies BucketProps

/** For a whole bucket, not only under a prefix: blobs may go straight to their final key. */
export const UNFINISHED_UPLOADS: LifecycleRule = {
  id: 'unfinished-multipart-uploads',
  abortIncompleteMultipartUploadAfter: uploadLife,
}

/** @param keptDays S3 has no rule for less than a day */
const lifecycleRules = (keyPrefix: string, keptDays: number): LifecycleRule[] => [
  {
    id: 'staged-uploads',
    prefix: keyPrefix + UPLOADS_PREFIX,
    expiration: uploadLife,
    // Nobody restores an abandoned upload.
    noncurrentVersionExpiration: Duration.days(1),
  },
  {
    id: 'failed-log-ins',
    prefix: keyPrefix + FAILED_LOG_INS_PREFIX,
    expiration: Duration.millis(FAILURE_LIFE),
    noncurrentVersionExpiration: Duration.days(1),
  },
  {
    id: 'referrer-pages',
    prefix: keyPrefix + REFERRER_PAGES_PREFIX,
    expiration: Duration.millis(REFERRER_PAGE_LIFE),
    noncurrentVersionExpiration: Duration.days(1),
  },
  {
    id: 'events',
    prefix: keyPrefix + EVENTS_PREFIX,
    expiration: Duration.days(EVENT_DAYS),
    // Nobody wants one that was delivered.
    noncurrentVersionExpiration: Duration.days(1),
  },
  {
    id: 'search',
    prefix: keyPrefix + SEARCH_PREFIX,
    // It is written with each push.
    noncurrentVersionExpiration: Duration.days(1),
  },
  UNFINISHED_UPLOADS,
  {
    id: 'notes-of-deletes',
    prefix: keyPrefix + DELETIONS_PREFIX,
    expiration: Duration.days(keptDays),
    noncurrentVersionExpiration: Duration.days(1),
  },
  {
    id: 'undelete-window',
    noncurrentVersionExpiration: Duration.days(keptDays),
    expiredObjectDeleteMarker: true,
  },
]

/** A bucket for the access log of another. S3 itself writes it, and it expires. */
const logBucket = (
  scope: Construct,
  id: string,
  days: number,
  { removalPolicy }: RegistryBucketProps,
): Bucket => {
  const bucket = new Bucket(scope, id, {
    ...PRIVATE_BUCKET,
    versioned: false,
    encryption: BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ id: 'access-log', expiration: Duration.days(days) }],
    removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
  })
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'It holds an access log; a log of accesses to the log would never end.',
  })
  return bucket
}

/** A private bucket: no public access, TLS only, encrypted, versioned, owned by its account. */
export class RegistryBucket extends Bucket {
  constructor(scope: Construct, id: string, props: RegistryBucketProps) {
    const { encryptionKey, keyPrefix, accessLogDays } = props
    const log =
      accessLogDays === undefined ? undefined : logBucket(scope, `${id}Log`, accessLogDays, props)
    const { replica } = props
    const replication = replica === undefined ? undefined : replicationTo(scope, keyPrefix, replica)
    super(scope, id, {
      ...PRIVATE_BUCKET,
      ...replication?.props,
      lifecycleRules: lifecycleRules(keyPrefix, Math.max(1, props.undeleteDays ?? UNDELETE_DAYS)),
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      ...(log && { serverAccessLogsBucket: log as IBucket, serverAccessLogsPrefix: 'access/' }),
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : // With one data key for many objects; otherwise KMS would cost as much as the requests.
          { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
    })
    replication?.allow(this)
    // CDK's own property would add a function that may change every bucket's notifications.
    if (props.notifies) {
      const bucket = this.node.defaultChild as CfnBucket
      bucket.notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      }
    }
    if (log === undefined) {
      Validations.of(this).acknowledge({
        id: 'AwsSolutions-S1',
        reason:
          'The access log of the API records every request for a blob, and the audit trail who made it; ' +
          'server access logs would need a second bucket that grows with every pull.',
      })
    }
  }
}
