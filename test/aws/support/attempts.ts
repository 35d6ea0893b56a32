/**
 * What somebody with the permissions of the deployed function could try: what they are meant for, and
 * what they must not allow.
 *
 * @module
 */

import {
  CreateGrantCommand,
  GenerateMacCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
  SignCommand,
} from '@aws-sdk/client-kms'
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import {
  FAILED_LOG_INS_PREFIX,
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  REPOSITORIES_PREFIX,
  ROBOTS_KEY,
  SIGNING_KEYS_KEY,
  UPLOAD_SECRET_KEY,
  UPLOADS_PREFIX,
} from '../../../functions/registry/layout.ts'
import { awsGet, awsJson, awsQuery } from './aws.ts'
import type { Emulator } from './emulator.ts'

/** What the attempts are made on. */
export interface Target {
  readonly emulator: Emulator
  readonly s3: S3Client
  readonly kms: KMSClient
  readonly Bucket: string
  /** The bucket in which the CDK stores its assets. */
  readonly otherBucket: string
  /** The key of an existing blob. */
  readonly blobKey: string
  /** A version of it. */
  readonly VersionId: string
  readonly signingKey: string
  readonly uploadKey: string
  readonly roleArn: string
}

type Attempts = Readonly<Record<string, (target: Target) => Promise<unknown>>>

/** What the permissions are meant for. */
export const ALLOWED: Attempts = {
  'read a blob': ({ s3, Bucket, blobKey: Key }) => s3.send(new GetObjectCommand({ Bucket, Key })),
  'stage an upload': ({ s3, Bucket }) =>
    s3.send(new PutObjectCommand({ Bucket, Key: `${UPLOADS_PREFIX}x/y`, Body: 'x' })),
  'count a failed log-in': ({ s3, Bucket }) =>
    s3.send(new PutObjectCommand({ Bucket, Key: `${FAILED_LOG_INS_PREFIX}abc`, Body: '{}' })),
  'list what is in a repository': ({ s3, Bucket }) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix: `${REPOSITORIES_PREFIX}a/` })),
}

const put =
  (Key: string) =>
  ({ s3, Bucket }: Target) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))

const get =
  (Key: string) =>
  ({ s3, Bucket }: Target) =>
    s3.send(new GetObjectCommand({ Bucket, Key }))

/** What they must not allow. */
export const REFUSED: Attempts = {
  'remove a blob': ({ s3, Bucket, blobKey: Key }) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key })),
  'remove an old version': ({ s3, Bucket, blobKey: Key, VersionId }) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId })),
  'read an old version': ({ s3, Bucket, blobKey: Key, VersionId }) =>
    s3.send(new GetObjectCommand({ Bucket, Key, VersionId })),
  'list versions': ({ s3, Bucket }) => s3.send(new ListObjectVersionsCommand({ Bucket })),
  'list everything': ({ s3, Bucket }) => s3.send(new ListObjectsV2Command({ Bucket })),
  'list what is none of the registry’s': ({ s3, Bucket }) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'backup/' })),
  'read what is none of the registry’s': get('backup/a'),
  'add an account': put(HTPASSWD_KEY),
  'change groups': put(GROUPS_KEY),
  'add a robot': put(ROBOTS_KEY),
  'change the policy': put(POLICY_KEY),
  'trust another issuer': put(ISSUERS_KEY),
  'read signing keys in the store': get(SIGNING_KEYS_KEY),
  'read the upload secret in the store': get(UPLOAD_SECRET_KEY),
  'read another bucket': ({ s3, otherBucket: Bucket }) =>
    s3.send(new ListObjectsV2Command({ Bucket })),
  'list buckets': ({ s3 }) => s3.send(new ListBucketsCommand({})),
  "read the bucket's policy": ({ s3, Bucket }) => s3.send(new GetBucketPolicyCommand({ Bucket })),
  'end versioning': ({ s3, Bucket }) =>
    s3.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
    ),
  'remove the bucket': ({ s3, Bucket }) => s3.send(new DeleteBucketCommand({ Bucket })),
  // The policy allows it, but the key's own policy allows only the role.
  'sign a token': ({ kms, signingKey: KeyId }) =>
    kms.send(
      new SignCommand({ KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' }),
    ),
  'seal an upload state': ({ kms, uploadKey: KeyId }) =>
    kms.send(
      new GenerateMacCommand({ KeyId, Message: Buffer.from('x'), MacAlgorithm: 'HMAC_SHA_256' }),
    ),
  "read a key's policy": ({ kms, signingKey: KeyId }) =>
    kms.send(new GetKeyPolicyCommand({ KeyId })),
  'let others use a key': ({ kms, signingKey: KeyId, roleArn }) =>
    kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: roleArn, Operations: ['Sign'] })),
  'remove a key': ({ kms, signingKey: KeyId }) =>
    kms.send(new ScheduleKeyDeletionCommand({ KeyId })),
  'read logs': ({ emulator }) => awsJson(emulator, 'logs', 'Logs_20140328.DescribeLogGroups', {}),
  'list functions': ({ emulator }) => awsGet(emulator, 'lambda', '/2015-03-31/functions/'),
  'make a user': ({ emulator }) =>
    awsQuery(emulator, 'iam', '2010-05-08', { Action: 'CreateUser', UserName: 'another' }),
  'take the role': ({ emulator, roleArn }) =>
    awsQuery(emulator, 'sts', '2011-06-15', {
      Action: 'AssumeRole',
      RoleArn: roleArn,
      RoleSessionName: 'x',
    }),
}
