/**
 * What the functions may do in the bucket, by action and prefix: what functions/storage/s3 and the
 * registry above it need.
 *
 * Those that clients reach may not change accounts, the policy or the list of issuers (administrators do, with
 * their own credentials) unless there is an admin API, nor delete the bytes of a blob or an old version of anything.
 * The clean-up, which nobody reaches, alone may delete bytes of blobs, and writes none. What sends events changes
 * nothing but these. What copies blobs of upstreams deletes neither bytes of blobs nor links.
 *
 * @module
 */

import { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import {
  DEAD_PREFIX,
  deliveryLeaseKey,
  ENDED_PREFIX,
  EVENTS_PREFIX,
  WAITING_PREFIX,
} from '../functions/events/keys.ts'
import { OUTBOX } from '../functions/events/record.ts'
import {
  ALIASES_PREFIX,
  BLOBS_PREFIX,
  CATALOG_PREFIX,
  CHANGES_KEY,
  CLEAN_UP_PREFIX,
  CONDEMNED_PREFIX,
  DELETED_REPOSITORIES_PREFIX,
  DELETIONS_PREFIX,
  EDGE_CACHE_KEY,
  EVENT_RECEIVERS_KEY,
  FAILED_LOG_INS_PREFIX,
  FENCE_KEY,
  FETCHED_PREFIX,
  FETCHING_PREFIX,
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  MIRROR_PREFIX,
  OWN_PREFIX,
  POLICY_KEY,
  PULLED_PREFIX,
  QUOTAS_KEY,
  QUOTAS_PREFIX,
  REFERRER_PAGES_PREFIX,
  REFERRERS_PREFIX,
  REPOSITORIES_PREFIX,
  RETENTION_KEY,
  ROBOT_CLAIMS_KEY,
  ROBOTS_KEY,
  SCHEMA1_PREFIX,
  SCRATCH_PREFIX,
  UPLOADS_PREFIX,
  UPSTREAMS_KEY,
  V1_PREFIX,
} from '../functions/registry/layout.ts'
import { SEARCH_PREFIX } from '../functions/search/keys.ts'
import type { AnyBucket } from './bucket.ts'

const READ = 's3:GetObject'
/** Only with this does S3 answer 404 for a missing object; otherwise it answers 403. */
const LIST = 's3:ListBucket'

/** Statement ids, actions, and the keys that they apply to. */
type Rights = readonly (readonly [sid: string, actions: readonly string[], keys: string[]])[]

/** What administrators set: accounts and documents, with the trail of who has changed them. */
const ADMINISTERED = [
  HTPASSWD_KEY,
  GROUPS_KEY,
  ROBOTS_KEY,
  ROBOT_CLAIMS_KEY,
  POLICY_KEY,
  ISSUERS_KEY,
  RETENTION_KEY,
  QUOTAS_KEY,
  CHANGES_KEY,
  EVENT_RECEIVERS_KEY,
]

/** Of whoever stages bytes of uploads. */
const STAGING: Rights[number] = [
  'Uploads',
  [
    READ,
    's3:PutObject',
    's3:DeleteObject',
    's3:ListMultipartUploadParts',
    's3:AbortMultipartUpload',
  ],
  [`${UPLOADS_PREFIX}*`],
]

/** Of the functions that clients reach. */
const REGISTRY: Rights = [
  [
    'Blobs',
    [READ, 's3:PutObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
    [`${BLOBS_PREFIX}*`],
  ],
  ['Links', [READ, 's3:PutObject', 's3:DeleteObject'], [`${REPOSITORIES_PREFIX}*`]],
  ['Referrers', [READ, 's3:PutObject'], [`${REFERRERS_PREFIX}*`]],
  ['ReferrerPages', [READ, 's3:PutObject'], [`${REFERRER_PAGES_PREFIX}*`]],
  ['Aliases', [READ, 's3:PutObject'], [`${ALIASES_PREFIX}*`]],
  ['CleanUp', [READ, 's3:PutObject'], [`${CONDEMNED_PREFIX}*`, FENCE_KEY]],
  ['Catalog', [READ, 's3:PutObject'], [`${CATALOG_PREFIX}*`, `${DELETED_REPOSITORIES_PREFIX}*`]],
  ['Deletions', ['s3:PutObject'], [`${DELETIONS_PREFIX}*`]],
  STAGING,
  ['LogIns', [READ, 's3:PutObject'], [`${FAILED_LOG_INS_PREFIX}*`]],
  ['Quotas', [READ, 's3:PutObject'], [`${QUOTAS_PREFIX}*`]],
  ['Access', [READ], ADMINISTERED],
  ['Search', [READ], [`${SEARCH_PREFIX}*`]],
  // It writes each before it happens, and withdraws what is refused.
  ['Events', ['s3:PutObject', 's3:DeleteObject'], [`${OUTBOX}*`]],
]

/** Of the functions that clients reach, too, where there is an admin API. */
const ADMIN: Rights = [
  ['Administration', ['s3:PutObject'], ADMINISTERED],
  ['Upstreams', [READ, 's3:PutObject'], [UPSTREAMS_KEY]],
  // Whether an edge follows the policy, what the clean-up has counted, and pulls, which rules on tags may ask for.
  ['Counted', [READ], [EDGE_CACHE_KEY, `${CLEAN_UP_PREFIX}*`, `${PULLED_PREFIX}*`]],
  ['Undeletes', [READ], [`${DELETIONS_PREFIX}*`]],
  ['DeadEvents', [READ, 's3:DeleteObject'], [`${DEAD_PREFIX}*`]],
  ['EndedReceivers', ['s3:DeleteObject'], [`${ENDED_PREFIX}*`]],
  ['ResentEvents', ['s3:PutObject'], [`${WAITING_PREFIX}*`]],
]

/** Of the functions that clients reach, too, where there is a page. */
const PAGE: Rights = [
  // Beside the right of an admin API: bytes of repositories, and last pulls.
  ['Shown', [READ], [`${CLEAN_UP_PREFIX}*`, `${PULLED_PREFIX}*`]],
]

/** Of the clean-up. */
const CLEAN_UP: Rights = [
  // The first where the bucket has no versions, the second where it has.
  ['Blobs', [READ, 's3:DeleteObject', 's3:DeleteObjectVersion'], [`${BLOBS_PREFIX}*`]],
  [
    'OpenUploads',
    ['s3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
    [`${BLOBS_PREFIX}*`, `${UPLOADS_PREFIX}*`],
  ],
  ['Links', [READ, 's3:PutObject', 's3:DeleteObject'], [`${REPOSITORIES_PREFIX}*`]],
  [
    'Notes',
    [READ, 's3:PutObject', 's3:DeleteObject'],
    [`${CONDEMNED_PREFIX}*`, `${CLEAN_UP_PREFIX}*`],
  ],
  [
    'LeftOver',
    [READ, 's3:PutObject', 's3:DeleteObject'],
    [`${CATALOG_PREFIX}*`, `${REFERRERS_PREFIX}*`, `${ALIASES_PREFIX}*`],
  ],
  // A delete with a condition needs the right to read, too.
  [
    'Passing',
    [READ, 's3:DeleteObject'],
    [
      ...[UPLOADS_PREFIX, PULLED_PREFIX, FETCHED_PREFIX, FETCHING_PREFIX, SCHEMA1_PREFIX],
      V1_PREFIX,
    ].map((each) => `${each}*`),
  ],
  ['Fence', [READ, 's3:PutObject'], [FENCE_KEY]],
  ['Rules', [READ], [RETENTION_KEY, QUOTAS_KEY, EVENT_RECEIVERS_KEY, UPSTREAMS_KEY]],
  ['Quotas', [READ, 's3:PutObject', 's3:DeleteObject'], [`${QUOTAS_PREFIX}*`]],
  ['Events', ['s3:PutObject', 's3:DeleteObject'], [`${OUTBOX}*`]],
  ['Search', [READ, 's3:PutObject', 's3:DeleteObject'], [`${SEARCH_PREFIX}*`]],
  // What rules let go is on record, for a time, and so is what goes with a whole repository.
  [
    'Deletions',
    [READ, 's3:PutObject', 's3:DeleteObject'],
    [`${DELETIONS_PREFIX}*`, `${DELETED_REPOSITORIES_PREFIX}*`],
  ],
  // S3 must heed the condition of a delete: that is tried.
  ['Trial', ['s3:PutObject'], [`${SCRATCH_PREFIX}*`]],
]

/** Of the record of pulls. */
const PULLS: Rights = [['Pulls', [READ, 's3:PutObject'], [`${PULLED_PREFIX}*`]]]

/** Of what sends events. */
const EVENTS: Rights = [
  ['Recorded', [READ, 's3:DeleteObject'], [`${OUTBOX}*`]],
  [
    'Deliveries',
    [READ, 's3:PutObject', 's3:DeleteObject'],
    [`${WAITING_PREFIX}*`, `${deliveryLeaseKey('')}*`],
  ],
  ['Dead', ['s3:PutObject'], [`${DEAD_PREFIX}*`]],
  ['Ended', [READ, 's3:PutObject'], [`${ENDED_PREFIX}*`]],
  ['Receivers', [READ], [EVENT_RECEIVERS_KEY]],
  // What shows that it has happened, and how large what was mounted is.
  ['Links', [READ], [`${REPOSITORIES_PREFIX}*`, `${DELETED_REPOSITORIES_PREFIX}*`]],
  // And what is said of manifests where there is an index for search.
  ['Sizes', [READ], [`${BLOBS_PREFIX}*`]],
  ['Search', [READ, 's3:PutObject'], [`${SEARCH_PREFIX}*`]],
  // S3 must heed the condition of a delete: that is tried.
  ['Trial', [READ, 's3:PutObject', 's3:DeleteObject'], [`${SCRATCH_PREFIX}*`]],
]

/** Of the functions that clients reach, too, where there are upstreams. */
const PULL_THROUGH: Rights = [
  // Beside the right of an admin API.
  ['UpstreamsInForce', [READ], [UPSTREAMS_KEY]],
  ['Fetched', [READ, 's3:PutObject'], [`${FETCHED_PREFIX}*`]],
  // On AWS a delete with a condition needs the right to read, too.
  ['Fetching', [READ, 's3:PutObject', 's3:DeleteObject'], [`${FETCHING_PREFIX}*`]],
]

/** Of what copies blobs of upstreams. */
const FILLS: Rights = [
  ['Upstreams', [READ], [UPSTREAMS_KEY]],
  ['Fetching', [READ, 's3:PutObject', 's3:DeleteObject'], [`${FETCHING_PREFIX}*`]],
  ['Blobs', [READ, 's3:PutObject', 's3:AbortMultipartUpload'], [`${BLOBS_PREFIX}*`]],
  ['Links', ['s3:PutObject'], [`${REPOSITORIES_PREFIX}*`]],
  ['Aliases', ['s3:PutObject'], [`${ALIASES_PREFIX}*`]],
  ['CleanUp', [READ, 's3:PutObject'], [`${CONDEMNED_PREFIX}*`, FENCE_KEY]],
  STAGING,
]

/** What only those do that clients reach, or otherwise. */
const OF_CLIENTS: ReadonlySet<string> = new Set(['LogIns', 'Access', 'Search', 'Blobs'])

/** Of what keeps repositories in step with others: it pushes and deletes tags, and reads no accounts. */
const MIRROR: Rights = [
  ...REGISTRY.filter(([sid]) => !OF_CLIENTS.has(sid)),
  ['Blobs', [READ, 's3:PutObject', 's3:AbortMultipartUpload'], [`${BLOBS_PREFIX}*`]],
  ['Rules', [READ], [RETENTION_KEY, QUOTAS_KEY, EVENT_RECEIVERS_KEY]],
  ['Mirror', [READ, 's3:PutObject', 's3:DeleteObject'], [`${MIRROR_PREFIX}*`]],
]

export interface BucketAccess {
  readonly bucket: AnyBucket
  /** Prefix of every key: empty, or ends with `/`. */
  readonly keyPrefix: string
  /** Key that S3 encrypts with, unless it is S3's own. */
  readonly encryptionKey?: IKey | undefined
  /** Whether pushes and deletes are refused; then nothing may be written either. */
  readonly readOnly: boolean
  /** Whether there is an admin API. Default: no. */
  readonly adminApi?: boolean | undefined
  /** Whether there is a page. Default: no. */
  readonly page?: boolean | undefined
}

/** Multipart uploads are listed of the whole bucket: S3 knows no condition on their keys. */
const listUploads = (bucket: AnyBucket): PolicyStatement =>
  new PolicyStatement({
    sid: 'ListUploads',
    actions: ['s3:ListBucketMultipartUploads'],
    resources: [bucket.bucketArn],
  })

/** The statements for the role of a function that clients reach. */
export const bucketStatements = (access: BucketAccess): PolicyStatement[] => [
  ...statementsOf(
    [...REGISTRY, ...(access.adminApi ? ADMIN : []), ...(access.page ? PAGE : [])],
    access,
  ),
  // What is staged of uploads.
  ...(access.adminApi ? [listUploads(access.bucket)] : []),
]

/** The statements for the role of the clean-up. */
export const cleanUpStatements = (access: Omit<BucketAccess, 'readOnly'>): PolicyStatement[] => [
  ...statementsOf(CLEAN_UP, { ...access, readOnly: false }),
  listUploads(access.bucket),
]

/** The statements for the roles of the functions that clients reach, where there are upstreams. */
export const pullThroughStatements = ({ bucket, keyPrefix }: BucketAccess): PolicyStatement[] =>
  objectStatements(PULL_THROUGH, { bucket, keyPrefix, readOnly: false })

/** The statements for the role of what copies blobs of upstreams. */
export const fillStatements = (access: Omit<BucketAccess, 'readOnly'>): PolicyStatement[] =>
  statementsOf(FILLS, { ...access, readOnly: false })

/** The statements for the role of what keeps repositories in step with others. */
export const mirrorStatements = (access: Omit<BucketAccess, 'readOnly'>): PolicyStatement[] =>
  statementsOf(MIRROR, { ...access, readOnly: false })

/** The statements for a role that asks upstreams: secrets, and repositories of ECR, by ARN. */
export const askStatements = ({
  secrets = {},
  repositories = [],
}: {
  readonly secrets?: Readonly<Record<string, string>> | undefined
  readonly repositories?: readonly string[] | undefined
} = {}): PolicyStatement[] =>
  (
    [
      ['UpstreamSecrets', ['secretsmanager:GetSecretValue'], Object.values(secrets)],
      [
        'UpstreamRepositories',
        [
          'ecr:BatchCheckLayerAvailability',
          'ecr:BatchGetImage',
          'ecr:GetDownloadUrlForLayer',
          'ecr:ListImages',
        ],
        repositories,
      ],
      // It has no resources that a policy could name.
      ['UpstreamTokens', ['ecr:GetAuthorizationToken'], repositories.length === 0 ? [] : ['*']],
    ] as const
  ).flatMap(([sid, actions, arns]) =>
    arns.length === 0
      ? []
      : [
          new PolicyStatement({
            ...{ sid, actions: [...actions], resources: [...new Set<string>(arns)] },
          }),
        ],
  )

/** The statements for the role of the record of pulls. */
export const pullStatements = (access: Omit<BucketAccess, 'readOnly'>): PolicyStatement[] =>
  statementsOf(PULLS, { ...access, readOnly: false }, [PULLED_PREFIX])

/** The statements for the role of what sends events. */
export const eventStatements = (access: Omit<BucketAccess, 'readOnly'>): PolicyStatement[] =>
  statementsOf(EVENTS, { ...access, readOnly: false }, [
    BLOBS_PREFIX,
    REPOSITORIES_PREFIX,
    DELETED_REPOSITORIES_PREFIX,
    EVENTS_PREFIX,
    EVENT_RECEIVERS_KEY,
    SEARCH_PREFIX,
    SCRATCH_PREFIX,
  ])

/** The statements for a role that sends events to buses, and reads secrets of receivers; both by ARN. */
export const receiverStatements = (
  buses: readonly string[],
  secrets: readonly string[],
): PolicyStatement[] =>
  (
    [
      ['Buses', 'events:PutEvents', buses],
      ['Secrets', 'secretsmanager:GetSecretValue', secrets],
    ] as const
  ).flatMap(([sid, action, arns]) =>
    arns.length === 0
      ? []
      : [new PolicyStatement({ sid, actions: [action], resources: [...arns] })],
  )

const objectStatements = (
  rights: Rights,
  { bucket, keyPrefix, readOnly }: BucketAccess,
): PolicyStatement[] =>
  rights.flatMap(([sid, all, keys]) => {
    const actions = all.filter((action) => action === READ || !readOnly)
    const resources = keys.map((key) => bucket.arnForObjects(keyPrefix + key))
    return actions.length === 0 ? [] : [new PolicyStatement({ sid, actions, resources })]
  })

const statementsOf = (
  rights: Rights,
  access: BucketAccess,
  lists: readonly string[] = [BLOBS_PREFIX, REPOSITORIES_PREFIX, OWN_PREFIX],
): PolicyStatement[] => {
  const { bucket, keyPrefix, encryptionKey, readOnly } = access
  const objects = objectStatements(rights, access)
  const listed = lists.map((key) => `${keyPrefix}${key}*`)
  const list = new PolicyStatement({
    sid: 'List',
    actions: [LIST],
    resources: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': listed } },
  })
  return [...objects, list, ...encryptionStatements(bucket, encryptionKey, readOnly)]
}

const encryptionStatements = (
  bucket: AnyBucket,
  key: IKey | undefined,
  readOnly: boolean,
): PolicyStatement[] => {
  if (key === undefined) return []
  const { region, urlSuffix } = Stack.of(bucket)
  return [
    new PolicyStatement({
      sid: 'Encryption',
      actions: ['kms:Decrypt', ...(readOnly ? [] : ['kms:GenerateDataKey'])],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` } },
    }),
  ]
}

/** The statement for a registry that takes log-ins of all accounts of its organization. */
export const organizationStatement = (): PolicyStatement =>
  new PolicyStatement({
    sid: 'Organization',
    actions: ['organizations:ListAccounts'],
    resources: ['*'],
  })

/** The statement for a role whose function writes a log. */
export const loggingStatement = (log: ILogGroup): PolicyStatement =>
  new PolicyStatement({
    sid: 'Log',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [log.logGroupArn],
  })
