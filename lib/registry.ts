/**
 * A registry as a construct for any stack: bucket, keys, functions and gateway.
 *
 * Without requests, it costs 2 USD a month for its two keys, 0.023 USD for each GB stored (S3
 * Standard) and 0.03 USD for each GB of logs kept; in accounts that have used up the free ones, also
 * 0.50 USD for the alarms and 3 USD for the dashboard (prices of us-east-1).
 *
 * @module
 */

import { RemovalPolicy } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { type AlarmReceivers, Alarms } from './alarms.ts'
import { type AnyBucket, RegistryBucket } from './bucket.ts'
import { RegistryDashboard } from './dashboard.ts'
import { Domain } from './domain.ts'
import { RegistryFunction } from './function.ts'
import { Gateway } from './gateway.ts'
import { RegistryKeys } from './keys.ts'
import { LogMetrics } from './log-metrics.ts'
import { type RegistryMetrics, registryMetrics } from './metrics.ts'
import { bucketStatements } from './permissions.ts'
import type { RegistryProps, RegistryWithCodeProps } from './registry-props.ts'
import { RegistryWebFunction } from './web-function.ts'

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
  /** The Web Function, if there is one. */
  readonly web: RegistryWebFunction | undefined
  /** A host that takes layers of any size, as a registry of its own. */
  readonly pushHost: string | undefined
  /** The host name at the gateway, if one was given. */
  readonly domain: Domain | undefined
  readonly alarms: Alarms | undefined
  readonly dashboard: RegistryDashboard | undefined

  constructor(scope: Construct, id: string, props: RegistryWithCodeProps) {
    super(scope, id)
    const { encryptionKey, domain, readOnly = false, dualstack = true } = props
    const publicUrl = props.publicUrl ?? (domain && `https://${domain.name}`)
    const prefix = props.prefix?.replace(/^\/+|\/+$/g, '') ?? ''
    const keyPrefix = prefix === '' ? '' : `${prefix}/`
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN
    this.bucket = bucketOf(this, props, keyPrefix)
    this.store = `s3://${this.bucket.bucketName}/${prefix}`.replace(/\/$/, '')
    const role = this.role('Role', 'What the registry may do')
    const hasWeb = props.webFunction ?? props.uploadOrigin === undefined
    const webRole = hasWeb ? this.role('WebRole', 'What the Web Function may do') : undefined
    const keys = new RegistryKeys(this, 'Keys', {
      roles: webRole === undefined ? [role] : [role, webRole],
      signingKeys: props.signingKeys,
    })
    // Of both functions, so that tokens and uploads of one are good at the other.
    const shared = {
      statements: [
        ...bucketStatements({ bucket: this.bucket, keyPrefix, encryptionKey, readOnly }),
        ...keys.statements,
      ],
      environment: {
        ...props.environment,
        SLIPWAY_STORE: this.store,
        ...keys.environment,
        ...(encryptionKey && { SLIPWAY_S3_KMS_KEY: encryptionKey.keyArn }),
        ...(readOnly && { SLIPWAY_READ_ONLY: 'on' }),
        ...(dualstack && { SLIPWAY_S3_DUALSTACK: 'on' }),
      },
      policy: props.policy,
      logRetention,
      removalPolicy,
    }
    this.web =
      webRole &&
      new RegistryWebFunction(this, 'Web', {
        ...shared,
        role: webRole,
        maxEnvironments: props.webEnvironments,
        rateLimit: props.webRate,
        code: props.code.web,
      })
    const uploadOrigin = props.uploadOrigin ?? (this.web && `https://${this.web.host}`)
    this.pushHost = this.web?.host ?? (props.uploadOrigin && new URL(props.uploadOrigin).host)
    this.api = new RegistryFunction(this, 'Api', {
      ...shared,
      role,
      environment: {
        ...shared.environment,
        ...(publicUrl && { SLIPWAY_PUBLIC_URL: publicUrl }),
        ...(uploadOrigin && { SLIPWAY_UPLOAD_ORIGIN: uploadOrigin }),
      },
      memory: props.memory ?? 1024,
      reservedConcurrency: props.reservedConcurrency,
      code: props.code.api,
    })
    this.gateway = new Gateway(this, 'Gateway', {
      function: this.api.function,
      rate: props.rate ?? 500,
      burst: props.burst ?? 1000,
      tokenRate: props.tokenRate ?? 50,
      tokenBurst: props.tokenBurst ?? 200,
      dualstack,
      ownHost: domain === undefined,
      logRetention,
      removalPolicy,
    })
    this.host = publicUrl === undefined ? this.gateway.host : new URL(publicUrl).host
    const { stage, api } = this.gateway
    this.domain = domain && new Domain(this, 'Domain', { ...domain, stage, dualstack })
    const metrics = registryMetrics(api, this.api.function)
    const { alarms = {}, dashboard = true } = props
    this.alarms = alarms ? this.watch(metrics, alarms) : undefined
    this.dashboard = dashboard
      ? new RegistryDashboard(this, 'Dashboard', { metrics, logGroup: this.api.logGroup })
      : undefined
  }

  private watch(metrics: RegistryMetrics, receivers: AlarmReceivers): Alarms {
    const webLog = this.web?.logGroup
    const counts = new LogMetrics(this, 'Counts', {
      logs: [this.api.logGroup, ...(webLog === undefined ? [] : [webLog])],
      accessLog: this.gateway.accessLog,
      webLog,
    })
    return new Alarms(this, 'Alarms', { ...receivers, metrics, counts })
  }

  private role(id: string, description: string): Role {
    return new Role(this, id, {
      description,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
  }
}
