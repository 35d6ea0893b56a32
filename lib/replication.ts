/**
 * S3's replication of a registry's bucket into another Region.
 *
 * What is staged, counted or noted for a while is not copied, and neither are keys. Delete markers are: what
 * is removed here is removed there, so that the copy is what a backup should be and no more.
 *
 * @module
 */

import { Stack } from 'aws-cdk-lib'
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Bucket, type BucketProps, type IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import {
  ALIASES_PREFIX,
  CATALOG_PREFIX,
  CHANGES_KEY,
  DISTRIBUTION_PREFIX,
  EVENT_RECEIVERS_KEY,
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  QUOTAS_KEY,
  REFERRERS_PREFIX,
  RETENTION_KEY,
  ROBOT_CLAIMS_KEY,
  ROBOTS_KEY,
  SCHEMA1_PREFIX,
  UPSTREAMS_KEY,
  V1_PREFIX,
} from '../functions/registry/layout.ts'
import { acknowledgePrefixes } from './acknowledge.ts'

/** What is needed of a bucket to name it and its objects. */
type Named = Pick<IBucket, 'bucketArn' | 'arnForObjects'>

/** Beginnings of the keys that are copied. */
export const COPIED = [
  DISTRIBUTION_PREFIX,
  CATALOG_PREFIX,
  REFERRERS_PREFIX,
  ALIASES_PREFIX,
  SCHEMA1_PREFIX,
  V1_PREFIX,
  HTPASSWD_KEY,
  GROUPS_KEY,
  ROBOT_CLAIMS_KEY,
  ROBOTS_KEY,
  POLICY_KEY,
  ISSUERS_KEY,
  RETENTION_KEY,
  QUOTAS_KEY,
  EVENT_RECEIVERS_KEY,
  UPSTREAMS_KEY,
  CHANGES_KEY,
] as const

/** The copied keys of a registry, as patterns of IAM. */
const patterns = (keyPrefix: string): string[] =>
  COPIED.map((prefix) => `${keyPrefix}${prefix}${prefix.endsWith('/') ? '*' : ''}`)

/** The statements for a role that reads a copy. */
export const copyStatements = (bucket: Named, keyPrefix: string): PolicyStatement[] => [
  new PolicyStatement({
    sid: 'Copy',
    actions: ['s3:GetObject'],
    resources: patterns(keyPrefix).map((key) => bucket.arnForObjects(key)),
  }),
  new PolicyStatement({
    sid: 'CopyList',
    actions: ['s3:ListBucket'],
    resources: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': COPIED.map((prefix) => `${keyPrefix}${prefix}*`) } },
  }),
]

const nameOf = (prefix: string): string => prefix.replace(/^.*?v\d\/|\/$/g, '').replaceAll('/', '-')

/** What a bucket needs to be copied. It is made before the bucket, and gets its rights after it. */
export interface Replication {
  readonly props: Pick<BucketProps, 'replicationRole' | 'replicationRules'>
  /** Lets S3 read the bucket and write the other, in the ways of replication alone. */
  allow(bucket: Named): void
}

/**
 * Copies to a bucket that is there, in another Region, with versions.
 *
 * @param keyPrefix of every key: empty, or ends with `/`
 * @param to name of the other bucket
 */
export const replicationTo = (scope: Construct, keyPrefix: string, to: string): Replication => {
  const { account, partition } = Stack.of(scope)
  const role: IRole = new Role(scope, 'Replication', {
    description: 'Copies the bucket into another Region',
    assumedBy: new ServicePrincipal('s3.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  })
  const destination = Bucket.fromBucketName(scope, 'Copy', to) as IBucket
  return {
    props: {
      replicationRole: role,
      replicationRules: COPIED.map((prefix, index) => ({
        id: `copy-${nameOf(prefix) || 'registry'}`,
        priority: index + 1,
        filter: { prefix: keyPrefix + prefix },
        destination,
        deleteMarkerReplication: true,
      })),
    },
    allow(bucket) {
      const keys = patterns(keyPrefix)
      const statements = [
        new PolicyStatement({
          sid: 'Rules',
          actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'],
          resources: [bucket.bucketArn],
        }),
        new PolicyStatement({
          sid: 'Read',
          actions: [
            's3:GetObjectVersionAcl',
            's3:GetObjectVersionForReplication',
            's3:GetObjectVersionTagging',
          ],
          resources: keys.map((key) => bucket.arnForObjects(key)),
        }),
        new PolicyStatement({
          sid: 'Write',
          actions: ['s3:ReplicateDelete', 's3:ReplicateObject', 's3:ReplicateTags'],
          resources: keys.map((key) => `arn:${partition}:s3:::${to}/${key}`),
        }),
      ]
      const policy = new Policy(scope, 'ReplicationPermissions', { roles: [role], statements })
      acknowledgePrefixes(policy, statements)
    },
  }
}
