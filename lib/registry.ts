/**
 * A registry as a construct for any stack: bucket, keys, function and gateway.
 *
 * Without requests, it costs 2 USD a month for its two keys, 0.023 USD for each GB stored (S3
 * Standard) and 0.03 USD for each GB of logs kept; in accounts that have used up the free ones, also
 * 0.50 USD for the alarms and 3 USD for the dashboard (prices of us-east-1).
 *
 * @module
 */

import { RemovalPolicy } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { type AlarmReceivers, Alarms } from './alarms.ts'
import { type AnyBucket, RegistryBucket } from './bucket.ts'
import { RegistryDashboard } from './dashboard.ts'
import { Domain, type RegistryDomain } from './domain.ts'
import { RegistryFunction } from './function.ts'
import { Gateway } from './gateway.ts'
import { RegistryKeys } from './keys.ts'
import { registryMetrics } from './metrics.ts'
import { bucketStatements } from './permissions.ts'

export interface RegistryProps {
  /**
   * An existing bucket, such as one of distribution (`registry:2`). It keeps its settings, including its
   * lifecycle rules. Default: a new one.
   */
  readonly bucket?: AnyBucket | undefined
  /** Where in the bucket the registry is: `registry` for `registry/docker/…`. Default: its root. */
  readonly prefix?: string | undefined
  /** Key that S3 encrypts with. Default: S3's own in a new bucket, the bucket's in an existing one. */
  readonly encryptionKey?: IKey | undefined
  /** See `RegistryBucketProps.undeleteDays`. */
  readonly undeleteDays?: number | undefined
  /** What happens to the bucket and the logs when the stack is deleted. Default: they stay. */
  readonly removalPolicy?: RemovalPolicy | undefined
  /** See `RegistryKeysProps.signingKeys`. */
  readonly signingKeys?: readonly string[] | undefined
  /** A host name; the one of the API is then switched off. Default: that of the API. */
  readonly domain?: RegistryDomain | undefined
  /** Scheme and host as clients see them, if a proxy is in front. Default: those of the domain or the API. */
  readonly publicUrl?: string | undefined
  /** File with the access document. Default: the one in the store, which `slipway policy` changes. */
  readonly policy?: string | undefined
  /** Whether pushes and deletes are refused. Default: no. */
  readonly readOnly?: boolean | undefined
  /** Further settings of the handler by their variables, such as `SLIPWAY_LOG_LEVEL`. No secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Memory of the function in MiB. Default: 1024. */
  readonly memory?: number | undefined
  /** See `RegistryFunctionProps.reservedConcurrency`. */
  readonly reservedConcurrency?: number | undefined
  /** Requests per second in the long run. Default: 500. */
  readonly rate?: number | undefined
  /** Requests at once after a quiet period. Default: 1000. */
  readonly burst?: number | undefined
  /** How long logs are kept. Default: a month. */
  readonly logRetention?: RetentionDays | undefined
  /** Who is notified of alarms; `false`: no alarms. Default: alarms that are only shown. */
  readonly alarms?: AlarmReceivers | false | undefined
  /** Whether to create a dashboard. Default: yes. */
  readonly dashboard?: boolean | undefined
}

/** The properties of a registry, and the code that it runs. */
export interface RegistryWithCodeProps extends RegistryProps {
  /** See `RegistryFunctionProps.code`. */
  readonly code: string
}

const bucketOf = (scope: Construct, props: RegistryProps, keyPrefix: string): AnyBucket =>
  props.bucket ??
  new RegistryBucket(scope, 'Bucket', {
    keyPrefix,
    encryptionKey: props.encryptionKey,
    undeleteDays: props.undeleteDays,
    removalPolicy: props.removalPolicy,
  })

/** A container registry. Its code is bundled already; `lib/cdk.ts` is the same construct with that code. */
export class Registry extends Construct {
  /** The bucket that holds everything. */
  readonly bucket: AnyBucket
  /** The bucket and the prefix in it, as a value of the setting `--store`. */
  readonly store: string
  /** The host that clients use: `docker login <host>`. */
  readonly host: string
  readonly gateway: Gateway
  readonly api: RegistryFunction
  /** The host name at the gateway, if one was given. */
  readonly domain: Domain | undefined
  readonly alarms: Alarms | undefined
  readonly dashboard: RegistryDashboard | undefined

  constructor(scope: Construct, id: string, props: RegistryWithCodeProps) {
    super(scope, id)
    const { encryptionKey, domain, readOnly = false } = props
    const publicUrl = props.publicUrl ?? (domain && `https://${domain.name}`)
    const prefix = props.prefix?.replace(/^\/+|\/+$/g, '') ?? ''
    const keyPrefix = prefix === '' ? '' : `${prefix}/`
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN
    this.bucket = bucketOf(this, props, keyPrefix)
    this.store = `s3://${this.bucket.bucketName}/${prefix}`.replace(/\/$/, '')
    const role = new Role(this, 'Role', {
      description: 'What the registry may do',
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
    const keys = new RegistryKeys(this, 'Keys', { role, signingKeys: props.signingKeys })
    this.api = new RegistryFunction(this, 'Api', {
      role,
      statements: [
        ...bucketStatements({ bucket: this.bucket, keyPrefix, encryptionKey, readOnly }),
        ...keys.statements,
      ],
      environment: {
        ...props.environment,
        SLIPWAY_STORE: this.store,
        ...keys.environment,
        ...(encryptionKey && { SLIPWAY_S3_KMS_KEY: encryptionKey.keyArn }),
        ...(publicUrl && { SLIPWAY_PUBLIC_URL: publicUrl }),
        ...(readOnly && { SLIPWAY_READ_ONLY: 'on' }),
      },
      policy: props.policy,
      memory: props.memory ?? 1024,
      reservedConcurrency: props.reservedConcurrency,
      logRetention,
      removalPolicy,
      code: props.code,
    })
    this.gateway = new Gateway(this, 'Gateway', {
      function: this.api.function,
      rate: props.rate ?? 500,
      burst: props.burst ?? 1000,
      ownHost: domain === undefined,
      logRetention,
      removalPolicy,
    })
    this.host = publicUrl === undefined ? this.gateway.host : new URL(publicUrl).host
    const { stage, api } = this.gateway
    this.domain = domain && new Domain(this, 'Domain', { ...domain, stage })
    const metrics = registryMetrics(api, this.api.function)
    const { alarms = {}, dashboard = true } = props
    this.alarms = alarms ? new Alarms(this, 'Alarms', { ...alarms, metrics }) : undefined
    this.dashboard = dashboard
      ? new RegistryDashboard(this, 'Dashboard', { metrics, logGroup: this.api.logGroup })
      : undefined
  }
}
