/**
 * The table of what can be set with `cdk deploy -c name=value`, or under `context` in cdk.json.
 *
 * @module
 */

import { RemovalPolicy } from 'aws-cdk-lib'
import * as z from '../functions/shared/schema.ts'
import { AWS_LOG_INS } from './context-aws.ts'
import { EVENTS } from './context-events.ts'
import {
  arn,
  arns,
  bucketName,
  handlerSetting,
  host,
  integer,
  networksFile,
  onOff,
  policyFile,
  secretNames,
  tags,
  text,
  webRate,
} from './context-kinds.ts'
import { REGIONS } from './context-regions.ts'
import { RETENTION } from './context-retention.ts'
import { UPSTREAMS } from './context-upstreams.ts'
import { contextValue } from './context-value.ts'
import { WATCHING } from './context-watching.ts'

/** Every context value. */
export const CONTEXT = {
  name: contextValue(
    z._default(
      text.check(z.regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/, 'expected letters, digits and -')),
      'slipway',
    ),
    'slipway',
    'name of the stack and of its tag "project"; another name is another registry',
  ),
  bucket: contextValue(
    z.optional(bucketName),
    'a new one',
    'an existing bucket, such as one of distribution',
  ),
  prefix: contextValue(
    z.optional(text.check(z.regex(/^[\w!.*'()-]+(?:\/[\w!.*'()-]+)*$/, 'expected a path, as a/b'))),
    'its root',
    "where in the bucket the registry is; distribution's rootdirectory",
  ),
  kmsKey: contextValue(
    z.optional(arn('kms', 'key/')),
    "S3's own",
    'ARN of the key that S3 encrypts with; its policy must let the account use it',
  ),
  bucketOwner: contextValue(
    z.optional(handlerSetting('s3-bucket-owner')),
    'any account',
    'AWS account that must own the bucket, 12 digits; otherwise S3 refuses every request',
  ),
  undeleteDays: contextValue(
    z.optional(integer(0, 3650)),
    '14',
    'days for which deletes can be undone; also those for which a new bucket keeps old versions, at least one',
  ),
  removalPolicy: contextValue(
    z.converted(
      z._default(z.enum(['retain', 'destroy'], 'expected retain or destroy'), 'retain'),
      (value) => RemovalPolicy[value === 'retain' ? 'RETAIN' : 'DESTROY'],
    ),
    'retain',
    'what happens to bucket and logs when the stack is deleted; destroy needs an empty bucket',
  ),
  domain: contextValue(
    z.optional(host),
    'the host of the API',
    'host name for the registry; needs certificate, or hostedZoneId and hostedZoneName',
  ),
  certificate: contextValue(
    z.optional(arn('acm', 'certificate/')),
    'one is created',
    'ARN of the certificate for domain, in the region of the stack',
  ),
  hostedZoneId: contextValue(
    z.optional(text.check(z.regex(/^[A-Z0-9]{4,32}$/, 'expected an id, as Z0123456789ABCDEFGHIJ'))),
    'none',
    'Route 53 zone that domain is in: gets its record, and validates its certificate',
  ),
  hostedZoneName: contextValue(z.optional(host), 'none', 'name of that zone'),
  edge: contextValue(
    z._default(z.enum(['off', 'beside', 'open', 'on'], 'expected off, beside, open or on'), 'off'),
    'off',
    'a CloudFront distribution for domain, before everything; beside and open are steps on the way there and back',
  ),
  edgeCertificate: contextValue(
    z.optional(
      arn('acm', 'certificate/').check(
        z.regex(/^arn:[a-z-]+:acm:us-east-1:/, 'expected the ARN of a certificate in us-east-1'),
      ),
    ),
    'one is created',
    'ARN of the certificate for domain at the edge, in us-east-1',
  ),
  edgeSecrets: contextValue(
    z._default(secretNames, ['1']),
    '1',
    'names of the secrets that the edge may show to its origins, one or two; it shows the first',
  ),
  edgeUploadTimeout: contextValue(
    z._default(integer(1, 180), 120),
    '120',
    'seconds that the end of an upload may take at the edge; over 120 AWS must raise a quota',
  ),
  edgeTokenRate: contextValue(
    z.optional(integer(10, 2_000_000_000)),
    'no web ACL',
    'most requests to /token of one address in five minutes, by a web ACL at the edge: about 6 USD a month',
  ),
  blobs: contextValue(
    z._default(z.enum(['s3', 'cloudfront'], 'expected s3 or cloudfront'), 's3'),
    's3',
    'where clients of the edge download blobs: from S3, or with cloudfront from the edge, which keeps them',
  ),
  edgeCache: contextValue(
    z._default(z.enum(['off', 'public'], 'expected off or public'), 'off'),
    'off',
    'public: the edge keeps what is pulled from repositories that everyone may pull; needs blobs=cloudfront',
  ),
  edgeTagAge: contextValue(
    z.optional(integer(1, 3600)),
    '60',
    'with edgeCache=public, seconds that the edge keeps tags for',
  ),
  awsNetworks: contextValue(
    z.optional(networksFile),
    'none',
    'file with the networks of AWS, ip-ranges.json: clients in them download from S3 all the same',
  ),
  edgeLogs: contextValue(z._default(onOff, true), 'on', 'the access log of the edge, in us-east-1'),
  pushHost: contextValue(
    z._default(onOff, false),
    'off',
    'with edge=on, the Web Function answers under its own name, too',
  ),
  publicUrl: contextValue(
    z.optional(handlerSetting('public-url')),
    'https:// and domain, or the host of the API',
    'scheme and host as clients see them, if something else is in front',
  ),
  policy: contextValue(
    z.optional(policyFile),
    'in the store',
    'file with the access document, YAML or JSON; then `slipway policy set` has no effect',
  ),
  adminApi: contextValue(
    z._default(onOff, false),
    'off',
    'on: an admin API, to those to whom the policy gives the right admin; the functions may then write accounts and policy',
  ),
  page: contextValue(
    z._default(onOff, false),
    'off',
    'on: show the registry to browsers, at /, as much of it as they may pull',
  ),
  cors: contextValue(
    z.optional(handlerSetting('cors')),
    'none',
    'origins whose pages browsers let use the registry, as https://ui.example,https://tools.example; * for all; see docs/servers.md',
  ),
  readOnly: contextValue(z._default(onOff, false), 'off', 'refuse pushes and deletes'),
  indexChildren: contextValue(
    z.optional(handlerSetting('index-children')),
    'all',
    'images of an index that must be there when it is pushed, by repository: all, none or platforms, as in mirror/**=none apps/**=linux/amd64,linux/arm64',
  ),
  ...RETENTION,
  ...EVENTS,
  ...UPSTREAMS,
  manifestHeads: contextValue(
    z.optional(handlerSetting('manifest-heads')),
    'answer',
    'redirect: send HEAD requests for manifests to S3, if the gateway reports a wrong length',
  ),
  auth: contextValue(
    z.optional(handlerSetting('auth')),
    'auto',
    'token, basic or off; auto: token, with no access until there is an account or a policy',
  ),
  tokenService: contextValue(
    z.optional(handlerSetting('token-service')),
    'slipway',
    'name of this registry in tokens: service and aud',
  ),
  tokenIssuer: contextValue(
    z.optional(handlerSetting('token-issuer')),
    'slipway',
    'name of this registry as the issuer of tokens: iss',
  ),
  tokenRealm: contextValue(
    z.optional(handlerSetting('token-realm')),
    '/token of this registry',
    'token endpoint of another server that issues the tokens',
  ),
  ...AWS_LOG_INS,
  uploadLife: contextValue(
    z.optional(handlerSetting('upload-life')),
    '24h',
    'time after its start when an upload ends at the latest, as in 90m, 24h or 2d',
  ),
  keys: contextValue(
    z._default(z.enum(['kms', 'bucket'], 'expected kms or bucket'), 'kms'),
    'kms',
    'where the keys are that sign tokens and seal uploads: kms, $2.00 a month, or bucket, nothing',
  ),
  keyUsers: contextValue(
    z.optional(arns('iam', '(?:role|user)/')),
    'the functions',
    'ARNs of further roles or users that use the keys, as of a Node server on the same bucket',
  ),
  signingKeys: contextValue(
    z.optional(
      z
        .converted(
          text.check(
            z.regex(
              /^[A-Za-z0-9]{1,20}(?:-multi)?(?:,[A-Za-z0-9]{1,20}(?:-multi)?)*$/,
              'expected names, as 1,2',
            ),
          ),
          (names) => names.split(','),
        )
        .check(z.refine((names) => new Set(names).size === names.length, 'a name is repeated')),
    ),
    '1',
    'names of the keys in KMS that tokens are verified with; the first signs; 1-multi is a multi-Region key',
  ),
  uploadKey: contextValue(
    z.optional(
      text.check(z.regex(/^[A-Za-z0-9]{1,20}(?:-multi)?$/, 'expected a name, as 1 or 1-multi')),
    ),
    '1',
    'name of the key in KMS that seals uploads; another name is another key',
  ),
  memory: contextValue(
    z._default(integer(128, 10_240), 1024),
    '1024',
    'memory of the function in MiB',
  ),
  reservedConcurrency: contextValue(
    z.optional(integer(1, 100_000)),
    "the account's limit",
    'most concurrent requests, reserved for the function within the limit of the account',
  ),
  webFunction: contextValue(
    z.optional(onOff),
    'on, unless uploadOrigin is set',
    'a Web Function, which takes layers of any size; off where the Region has none',
  ),
  webEnvironments: contextValue(
    z.optional(integer(2, 1000)),
    '10',
    'most environments of the Web Function at once, each with 2 vCPU for 16 requests',
  ),
  webRate: contextValue(
    z.optional(webRate),
    '100',
    'most requests per second to the Web Function; beyond that, clients get 429',
  ),
  uploadOrigin: contextValue(
    z.optional(handlerSetting('upload-origin')),
    'the Web Function',
    'scheme and host of a Node server on the same bucket that takes the uploads instead',
  ),
  rate: contextValue(
    z._default(integer(1, 100_000), 500),
    '500',
    'requests per second in the long run; beyond that, clients get 429',
  ),
  burst: contextValue(
    z._default(integer(1, 100_000), 1000),
    '1000',
    'requests at once after a quiet period',
  ),
  tokenRate: contextValue(
    z._default(integer(1, 100_000), 50),
    '50',
    'requests per second to /token in the long run, where passwords could be guessed',
  ),
  tokenBurst: contextValue(
    z._default(integer(1, 100_000), 200),
    '200',
    'requests to /token at once after a quiet period',
  ),
  dualstack: contextValue(
    z._default(onOff, true),
    'on',
    'IPv6 as well, for API, domain and S3; off: if clients reach S3 by a name that has none',
  ),
  s3Direct: contextValue(
    z.optional(handlerSetting('s3-direct')),
    'on',
    'off: send every request to S3 through the AWS SDK, at more than twice the CPU',
  ),
  ...REGIONS,
  ...WATCHING,
  terminationProtection: contextValue(
    z._default(onOff, true),
    'on',
    'off: let the stack be deleted, after a deployment with this value',
  ),
  tags: contextValue(z._default(tags, {}), 'none', 'tags of all resources: team=infra,stage=test'),
} as const

/** Name of a context value. */
export type ContextName = keyof typeof CONTEXT

/** Checked context values by their name. */
export type ContextValues = { readonly [N in ContextName]: z.output<(typeof CONTEXT)[N]['schema']> }
