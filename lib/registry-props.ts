/**
 * What can be said of a registry as a construct.
 *
 * @module
 */

import type { RemovalPolicy } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { AlarmReceivers } from './alarms.ts'
import type { AwsLogInsProps } from './aws-log-ins.ts'
import type { AnyBucket } from './bucket.ts'
import type { RegistryCode } from './code.ts'
import type { RegistryDomain } from './domain.ts'
import type { EdgeParts } from './edge.ts'
import type { RegistryEventsProps } from './events.ts'
import type { RegistryUpstreamsProps } from './fills.ts'
import type { RegistryMirrorProps } from './mirror.ts'
import type { PrimaryKeys } from './replica-keys.ts'
import type { RegistryTraces } from './traces.ts'

export interface RegistryProps {
  /**
   * An existing bucket, such as one of distribution (`registry:2`). It keeps its settings, including its
   * lifecycle rules. Default: a new one.
   */
  readonly bucket?: AnyBucket | undefined
  /**
   * Name of a bucket in another Region that S3 copies a new bucket to; it must be there, with versions.
   * Default: none.
   */
  readonly replicaBucket?: string | undefined
  /**
   * The registry in the first Region, to which this one is a second way: it writes to the bucket there, and
   * its own bucket is the copy. Default: it is the only one.
   */
  readonly primary?: Primary | undefined
  /** Where in the bucket the registry is: `registry` for `registry/docker/…`. Default: its root. */
  readonly prefix?: string | undefined
  /** Key that S3 encrypts with. Default: S3's own in a new bucket, the bucket's in an existing one. */
  readonly encryptionKey?: IKey | undefined
  /**
   * Whether a clean-up removes what no manifest needs, once a day, by a function of its own. There is none where
   * the registry is read-only, and in a second Region, whose first one has it. Default: no.
   */
  readonly gc?: boolean | undefined
  /** How long it leaves what is young, and what it has condemned: `48h`; at least `1h`. Default: `48h`. */
  readonly gcGrace?: string | undefined
  /**
   * Whether it is recorded when manifests were last pulled, for rules that ask for it, by a function that reads the
   * logs. Default: no.
   */
  readonly pulls?: boolean | undefined
  /** Whose pulls are not recorded, as the audit trail names callers: `user:scanner`. Default: nobody's. */
  readonly pullsExcept?: readonly string[] | undefined
  /**
   * Whether events are sent to the receivers of the document, and how, by a function of its own. There is none where
   * the registry is read-only, and in a second Region, whose first one has it. Default: no.
   */
  readonly events?: RegistryEventsProps | undefined
  /**
   * Whether images of other registries are had from here, by the document of upstreams, and how; a function of its own
   * copies blobs. There is none where the registry is read-only, and in a second Region. Default: no.
   */
  readonly upstreams?: RegistryUpstreamsProps | undefined
  /**
   * Whether a function of its own keeps repositories in step with those of other registries, and by which document. There
   * is none where the registry is read-only, and in a second Region. Default: no.
   */
  readonly mirror?: RegistryMirrorProps | undefined
  /**
   * Days for which deletes can be undone, and for which a new bucket keeps old versions (at least one); 0: they
   * cannot. Default: 14.
   */
  readonly undeleteDays?: number | undefined
  /** What happens to the bucket and the logs when the stack is deleted. Default: they stay. */
  readonly removalPolicy?: RemovalPolicy | undefined
  /**
   * Where the keys are that sign tokens and seal upload states: in KMS, for 2 USD a month, or in the
   * bucket, where `slipway keys create` makes them. Default: `kms`.
   */
  readonly keys?: 'kms' | 'bucket' | undefined
  /** See `RegistryKeysProps.users`. */
  readonly keyUsers?: readonly string[] | undefined
  /** See `RegistryKeysProps.signingKeys`; for keys in KMS. */
  readonly signingKeys?: readonly string[] | undefined
  /** See `RegistryKeysProps.uploadKey`; for keys in KMS. */
  readonly uploadKey?: string | undefined
  /** A host name; the one of the API is then switched off. Default: that of the API. */
  readonly domain?: RegistryDomain | undefined
  /** A CloudFront distribution before everything, for the domain. Default: none. */
  readonly edge?: RegistryEdge | undefined
  /** Scheme and host as clients see them, if a proxy is in front. Default: those of the domain or the API. */
  readonly publicUrl?: string | undefined
  /** File with the access document. Default: the one in the store, which `slipway policy` changes. */
  readonly policy?: string | undefined
  /** Who logs in with credentials of AWS. Default: nobody. */
  readonly awsLogIns?: AwsLogInsProps | undefined
  /**
   * Whether there is an admin API, to those to whom the policy gives the right `admin`. The functions may then write
   * accounts, policy and other documents. Default: no.
   */
  readonly adminApi?: boolean | undefined
  /** Whether browsers are shown a page, of what the policy lets them pull. Default: no. */
  readonly page?: boolean | undefined
  /** Whether pushes and deletes are refused. Default: no. */
  readonly readOnly?: boolean | undefined
  /** Further settings of the handler by their variables, such as `SLIPWAY_LOG_LEVEL`. No secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Memory of the function in MiB. Default: 1024. */
  readonly memory?: number | undefined
  /** See `RegistryFunctionProps.reservedConcurrency`. */
  readonly reservedConcurrency?: number | undefined
  /**
   * Whether there is a Web Function, which takes layers of any size. Default: yes, unless
   * {@link uploadOrigin} is set.
   */
  readonly webFunction?: boolean | undefined
  /** See `RegistryWebFunctionProps.maxEnvironments`. */
  readonly webEnvironments?: number | undefined
  /** See `RegistryWebFunctionProps.regions`. */
  readonly webRegions?: readonly string[] | undefined
  /** See `RegistryWebFunctionProps.rateLimit`. */
  readonly webRate?: number | undefined
  /**
   * Scheme and host of a Node server on the same bucket, with the same keys, that takes the uploads
   * instead of the Web Function.
   */
  readonly uploadOrigin?: string | undefined
  /** Requests per second in the long run. Default: 500. */
  readonly rate?: number | undefined
  /** Requests at once after a quiet period. Default: 1000. */
  readonly burst?: number | undefined
  /** Requests per second to `/token` in the long run. Default: 50. */
  readonly tokenRate?: number | undefined
  /** Requests to `/token` at once after a quiet period. Default: 200. */
  readonly tokenBurst?: number | undefined
  /** Whether API, domain and S3 are reached over IPv6 as well. Default: yes. */
  readonly dualstack?: boolean | undefined
  /** Whether X-Ray traces the function's requests. Default: no. */
  readonly tracing?: boolean | undefined
  /** Where the function behind the API sends spans of OpenTelemetry. Default: nowhere, and it has no code for it. */
  readonly traces?: RegistryTraces | undefined
  /** See `RegistryBucketProps.accessLogDays`. */
  readonly bucketLogDays?: number | undefined
  /** How long logs are kept. Default: a month. */
  readonly logRetention?: RetentionDays | undefined
  /** Who is notified of alarms; `false`: no alarms. Default: alarms that are only shown. */
  readonly alarms?: AlarmReceivers | false | undefined
  /**
   * Whether CloudWatch counts more from the lines of requests: times by what they are for, calls of S3, bytes. The
   * dashboard and an alarm use it. Default: no.
   */
  readonly metrics?: boolean | undefined
  /** Whether to create a dashboard. Default: yes. */
  readonly dashboard?: boolean | undefined
}

/** A registry in the first Region. */
export interface Primary {
  /** Name of its bucket. */
  readonly bucket: string
  readonly region: string
  /** Its multi-Region keys, of which replicas are made here. Default: keys of its own. */
  readonly keys?: PrimaryKeys | undefined
}

/** The edge of a registry. */
export interface RegistryEdge {
  readonly parts: EdgeParts
  /**
   * `beside`: it is there, and the name does not lead to it; `open`: the name leads to it, and the gateway
   * and the Web Function answer by themselves, too; `on`: they answer nothing that does not come through it.
   */
  readonly state: 'beside' | 'open' | 'on'
  /**
   * Names of the secrets that it may show, one or two; it shows the first. To change it: put a new name
   * before the old one and deploy, then drop the old one and deploy. Default: `['1']`.
   */
  readonly secrets?: readonly string[] | undefined
  /** See `EdgeProps.uploadTimeout`. Default: {@link UPLOAD_TIMEOUT}. */
  readonly uploadTimeout?: number | undefined
  /** Whether blobs are downloaded from S3, or from the edge, which keeps them. Default: `s3`. */
  readonly blobs?: 's3' | 'cloudfront' | undefined
  /**
   * Seconds that it keeps tags of public repositories for; what is under a digest, an hour. It needs
   * {@link blobs} `cloudfront`, and the policy in the store. Default: it keeps no answers.
   */
  readonly tagAge?: number | undefined
  /**
   * File with AWS's networks, https://ip-ranges.amazonaws.com/ip-ranges.json: clients in them download blobs
   * from S3. Default: no client does.
   */
  readonly awsNetworks?: string | undefined
  /** Whether the Web Function answers under its own name, too, also if the state is `on`. Default: no. */
  readonly pushHost?: boolean | undefined
}

/** The properties of a registry, and the code that it runs. */
export interface RegistryWithCodeProps extends RegistryProps {
  readonly code: RegistryCode
}
