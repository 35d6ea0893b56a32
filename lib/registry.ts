/**
 * A registry as a construct for any stack: bucket, keys, functions and gateway.
 *
 * Without requests, it costs 2 USD a month for its two keys (nothing with `keys: 'bucket'`), 0.023 USD
 * for each GB stored (S3 Standard) and 0.03 USD for each GB of logs kept; in accounts that have used up
 * the free ones, also 1 USD for the alarms and 3 USD for the dashboard (prices of us-east-1).
 *
 * @module
 */

import { RemovalPolicy } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { type AlarmReceivers, Alarms } from './alarms.ts'
import { awsSettings } from './aws-log-ins.ts'
import { type AnyBucket, RegistryBucket, UNDELETE_DAYS } from './bucket.ts'
import { type BucketKeysProps, bucketKeys, type KeyHolders } from './bucket-keys.ts'
import { CleanUp } from './clean-up.ts'
import { RegistryDashboard } from './dashboard.ts'
import { Domain } from './domain.ts'
import { Edge, UPLOAD_TIMEOUT } from './edge.ts'
import { EdgeKeys } from './edge-keys.ts'
import { EdgeSecret } from './edge-secret.ts'
import { edgeSettings } from './edge-settings.ts'
import { type EmbeddedMetrics, embeddedMetrics } from './embedded-metrics.ts'
import { Events } from './events.ts'
import { Fills, upstreamSecrets } from './fills.ts'
import { RegistryFunction } from './function.ts'
import { Gateway } from './gateway.ts'
import { homeOf } from './home.ts'
import { type KeySet, RegistryKeys } from './keys.ts'
import { LogMetrics } from './log-metrics.ts'
import { type RegistryMetrics, registryMetrics } from './metrics.ts'
import { Mirror } from './mirror.ts'
import {
  askStatements,
  type BucketAccess,
  cleanUpStatements,
  eventStatements,
  fillStatements,
  mirrorStatements,
  organizationStatement,
  pullStatements,
  pullThroughStatements,
  receiverStatements,
} from './permissions.ts'
import { Pulls } from './pulls.ts'
import type { RegistryProps, RegistryWithCodeProps } from './registry-props.ts'
import { ReplicaKeys } from './replica-keys.ts'
import type { RunningProps } from './running.ts'
import { traceSettings, traceStatements } from './traces.ts'
import { RegistryWebFunction } from './web-function.ts'

/** Whether there is a function that sends events. */
const sendsEvents = ({ events, readOnly = false, primary }: RegistryProps): boolean =>
  events !== undefined && !readOnly && primary === undefined

/** Whether other registries are asked. */
const asksUpstreams = ({ upstreams, readOnly = false, primary }: RegistryProps): boolean =>
  upstreams !== undefined && !readOnly && primary === undefined

const bucketOf = (scope: Construct, props: RegistryProps, keyPrefix: string): AnyBucket =>
  props.bucket ??
  new RegistryBucket(scope, 'Bucket', {
    keyPrefix,
    notifies: sendsEvents(props),
    replica: props.replicaBucket,
    encryptionKey: props.encryptionKey,
    undeleteDays: props.undeleteDays,
    accessLogDays: props.bucketLogDays,
    removalPolicy: props.removalPolicy,
  })

/** The setting that names the key which seals uploads, and no other. */
const sealingKey = ({ environment }: KeySet): Readonly<Record<string, string>> => {
  const { SLIPWAY_UPLOAD_KEY: key } = environment
  return key === undefined ? {} : { SLIPWAY_UPLOAD_KEY: key }
}

/** A container registry. Its code is bundled already; `lib/cdk.ts` is the same construct with that code. */
export class Registry extends Construct {
  /** The bucket that holds everything, or a copy of it if there is a primary. */
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
  /** What removes what no manifest needs, if anything does. */
  readonly cleanUp: CleanUp | undefined
  /** What records pulls, if anything does. */
  readonly pulls: Pulls | undefined
  /** What sends events, if anything does. */
  readonly events: Events | undefined
  /** What copies blobs of upstreams, if anything does. */
  readonly fills: Fills | undefined
  /** What keeps repositories in step with others, if anything does. */
  readonly mirror: Mirror | undefined
  /** The host name at the gateway, if one was given. */
  readonly domain: Domain | undefined
  /** The distribution before everything, if there is one. */
  readonly edge: Edge | undefined
  readonly alarms: Alarms | undefined
  readonly dashboard: RegistryDashboard | undefined

  constructor(scope: Construct, id: string, props: RegistryWithCodeProps) {
    super(scope, id)
    const { encryptionKey, domain, edge, readOnly = false, dualstack = true } = props
    const { awsLogIns = {} } = props
    const publicUrl = props.publicUrl ?? (domain && `https://${domain.name}`)
    const prefix = props.prefix?.replace(/^\/+|\/+$/g, '') ?? ''
    const keyPrefix = prefix === '' ? '' : `${prefix}/`
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN
    this.bucket = bucketOf(this, props, keyPrefix)
    const access = {
      bucket: this.bucket,
      keyPrefix,
      encryptionKey,
      readOnly,
      adminApi: props.adminApi,
      page: props.page,
    }
    const home = homeOf(this, props, access)
    this.store = `s3://${home.bucket.bucketName}/${prefix}`.replace(/\/$/, '')
    const role = this.role('Role', 'What the registry may do')
    const hasWeb = props.webFunction ?? props.uploadOrigin === undefined
    const webRole = hasWeb ? this.role('WebRole', 'What the Web Function may do') : undefined
    const edgeRole = edge && this.role('EdgeRole', 'Derives what the edge shows to its origins')
    const roles = webRole === undefined ? [role] : [role, webRole]
    const fillRole = asksUpstreams(props)
      ? this.role('FillsRole', 'What copies blobs of upstreams may do')
      : undefined
    const keys = this.keys(
      props,
      { bucket: home.bucket, keyPrefix },
      { roles, sealers: [edgeRole, fillRole].filter((each) => each !== undefined) },
    )
    const secret =
      edge &&
      edgeRole &&
      new EdgeSecret(this, 'EdgeSecret', {
        role: edgeRole,
        statements: keys.sealing,
        environment: { SLIPWAY_STORE: this.store, ...keys.environment },
        names: edge.secrets ?? ['1'],
        logRetention,
        removalPolicy,
        code: props.code.api,
      })
    const urlKeys = secret && new EdgeKeys(this, 'EdgeKeys', secret)
    const atStore = {
      ...props.environment,
      SLIPWAY_STORE: this.store,
      ...home.environment,
      ...(encryptionKey && { SLIPWAY_S3_KMS_KEY: encryptionKey.keyArn }),
      ...(dualstack && { SLIPWAY_S3_DUALSTACK: 'on' }),
      ...((props.undeleteDays ?? UNDELETE_DAYS) !== UNDELETE_DAYS && {
        SLIPWAY_UNDELETE_DAYS: `${props.undeleteDays}`,
      }),
    }
    const embedded = props.metrics ? embeddedMetrics(this) : undefined
    this.fills =
      fillRole &&
      new Fills(this, 'Fills', {
        concurrency: props.upstreams?.concurrency,
        role: fillRole,
        statements: [...fillStatements(access), ...keys.sealing, ...askStatements(props.upstreams)],
        environment: {
          ...atStore,
          ...sealingKey(keys),
          ...(props.gc && { SLIPWAY_GC: 'on' }),
          ...upstreamSecrets(props.upstreams ?? {}),
        },
        logRetention,
        removalPolicy,
        code: props.code.api,
      })
    // Of both functions, so that tokens and uploads of one are good at the other.
    const shared = {
      statements: [
        ...home.statements,
        ...keys.statements,
        ...(awsLogIns.accounts === 'organization' ? [organizationStatement()] : []),
        ...(this.fills
          ? [
              ...pullThroughStatements(access),
              ...askStatements(props.upstreams),
              this.fills.callStatement(),
            ]
          : []),
      ],
      environment: {
        ...atStore,
        ...keys.environment,
        ...awsSettings(this, awsLogIns, () => this.host),
        ...(readOnly && { SLIPWAY_READ_ONLY: 'on' }),
        ...(props.adminApi && { SLIPWAY_ADMIN_API: 'on' }),
        ...(embedded && { SLIPWAY_METRICS_NAMESPACE: embedded.namespace }),
        ...(props.gc && { SLIPWAY_GC: 'on' }),
        ...(this.fills && {
          SLIPWAY_FILL_FUNCTION: this.fills.functionArn,
          ...upstreamSecrets(props.upstreams ?? {}),
        }),
        ...(props.pulls && { SLIPWAY_PULLS: 'on' }),
        ...(props.pullsExcept && { SLIPWAY_PULLS_EXCEPT: props.pullsExcept.join() }),
      },
      policy: props.policy,
      awsNetworks: edge?.awsNetworks,
      logRetention,
      removalPolicy,
    }
    this.web =
      webRole &&
      new RegistryWebFunction(this, 'Web', {
        ...shared,
        role: webRole,
        environment: {
          ...shared.environment,
          // Under the name of the edge, whoever asks; otherwise it is a registry under its own.
          ...(edge && publicUrl && { SLIPWAY_PUBLIC_URL: publicUrl }),
          ...edgeSettings(edge?.pushHost ? { ...edge, state: 'open' } : edge, urlKeys),
        },
        regions: props.webRegions,
        maxEnvironments: props.webEnvironments,
        rateLimit: props.webRate,
        code: props.code.web,
      })
    const uploadOrigin = props.uploadOrigin ?? (this.web && `https://${this.web.host}`)
    const uploads = props.uploadOrigin ? new URL(props.uploadOrigin).host : this.web?.host
    const hasPushHost = edge?.state !== 'on' || edge.pushHost
    this.pushHost = hasPushHost ? (this.web?.host ?? uploads) : undefined
    const { traces } = props
    this.api = new RegistryFunction(this, 'Api', {
      ...shared,
      role,
      statements: [...shared.statements, ...(traces ? traceStatements(traces) : [])],
      environment: {
        ...(traces && traceSettings(traces)),
        ...shared.environment,
        ...(publicUrl && { SLIPWAY_PUBLIC_URL: publicUrl }),
        // Through the edge all uploads stay at its name.
        ...(uploadOrigin && edge?.state !== 'on' && { SLIPWAY_UPLOAD_ORIGIN: uploadOrigin }),
        ...edgeSettings(edge, urlKeys),
      },
      memory: props.memory ?? 1024,
      tracing: props.tracing ?? false,
      reservedConcurrency: props.reservedConcurrency,
      code: props.code.api,
      more: traces && props.code.traces,
      page: props.page ? props.code.page : undefined,
    })
    // It is there before anybody has it called.
    if (this.fills) this.api.function.node.addDependency(this.fills.function)
    this.cleanUp = this.cleaningUp(props, access, atStore, { logRetention, removalPolicy })
    this.pulls = this.recordingPulls(props, { ...access, bucket: home.bucket }, atStore, {
      logRetention,
      removalPolicy,
    })
    this.mirror = this.mirroring(props, access, atStore, { logRetention, removalPolicy })
    this.gateway = new Gateway(this, 'Gateway', {
      function: this.api.function,
      rate: props.rate ?? 500,
      burst: props.burst ?? 1000,
      tokenRate: props.tokenRate ?? 50,
      tokenBurst: props.tokenBurst ?? 200,
      dualstack,
      ownHost: domain === undefined || edge !== undefined,
      logRetention,
      removalPolicy,
    })
    this.host = publicUrl === undefined ? this.gateway.host : new URL(publicUrl).host
    this.events = this.sendingEvents(props, access, atStore, { logRetention, removalPolicy })
    const { stage, api } = this.gateway
    this.edge =
      domain && edge && secret && urlKeys
        ? new Edge(this, 'Edge', {
            ...edge.parts,
            domain: domain.name,
            api: this.gateway.host,
            uploads,
            bucket: this.bucket,
            keyPrefix,
            uploadTimeout: edge.uploadTimeout ?? UPLOAD_TIMEOUT,
            keepsPublic: edge.tagAge !== undefined,
            secret: secret.value,
            keyGroup: urlKeys.group,
          })
        : undefined
    // The functions know a new secret before it is shown.
    this.edge?.node.addDependency(this.api, ...(this.web ? [this.web] : []))
    this.domain =
      domain &&
      new Domain(this, 'Domain', {
        ...domain,
        stage,
        dualstack,
        atGateway: edge?.state !== 'on',
        alias: edge === undefined || edge.state === 'beside' ? undefined : this.edge?.alias,
      })
    const metrics = registryMetrics(api, this.api.function)
    const { alarms = {}, dashboard = true } = props
    this.alarms = alarms ? this.watch(metrics, embedded, alarms) : undefined
    this.dashboard = dashboard
      ? new RegistryDashboard(this, 'Dashboard', {
          metrics,
          embedded,
          upstreams: asksUpstreams(props),
          logGroup: this.api.logGroup,
        })
      : undefined
  }

  private watch(
    metrics: RegistryMetrics,
    embedded: EmbeddedMetrics | undefined,
    receivers: AlarmReceivers,
  ): Alarms {
    const webLog = this.web?.logGroup
    const counts = new LogMetrics(this, 'Counts', {
      logs: [this.api.logGroup, ...(webLog === undefined ? [] : [webLog])],
      accessLog: this.gateway.accessLog,
      webLog,
    })
    return new Alarms(this, 'Alarms', {
      ...receivers,
      metrics,
      counts,
      storeFailures: embedded?.sum('storeFailures', 'calls of S3 that failed'),
      cleanUpErrors: this.cleanUp?.errors,
      pullsErrors: this.pulls?.errors,
      eventsErrors: this.events?.errors,
      fillsErrors: this.fills?.errors,
      mirrorErrors: this.mirror?.errors,
    })
  }

  private cleaningUp(
    { gc = false, gcGrace, primary, code }: RegistryWithCodeProps,
    access: BucketAccess,
    environment: Readonly<Record<string, string>>,
    logs: Pick<RunningProps, 'logRetention' | 'removalPolicy'>,
  ): CleanUp | undefined {
    if (!gc || access.readOnly || primary !== undefined) return undefined
    const cleanUp = new CleanUp(this, 'CleanUp', {
      ...logs,
      role: this.role('CleanUpRole', 'What the clean-up may do'),
      statements: cleanUpStatements(access),
      environment: { ...environment, ...(gcGrace && { SLIPWAY_GC_GRACE: gcGrace }) },
      code: code.api,
    })
    // All that write links know of it by then.
    cleanUp.node.addDependency(this.api, ...(this.web ? [this.web] : []))
    return cleanUp
  }

  private mirroring(
    { mirror, primary, code }: RegistryWithCodeProps,
    access: BucketAccess,
    environment: Readonly<Record<string, string>>,
    logs: Pick<RunningProps, 'logRetention' | 'removalPolicy'>,
  ): Mirror | undefined {
    if (mirror === undefined || access.readOnly || primary !== undefined) return undefined
    return new Mirror(this, 'Mirror', {
      ...logs,
      role: this.role('MirrorRole', 'What keeps repositories in step with others may do'),
      statements: [...mirrorStatements(access), ...askStatements(mirror)],
      environment,
      secrets: mirror.secrets,
      mirror: mirror.document,
      code: code.api,
    })
  }

  private recordingPulls(
    { pulls = false, code }: RegistryWithCodeProps,
    access: BucketAccess,
    environment: Readonly<Record<string, string>>,
    logs: Pick<RunningProps, 'logRetention' | 'removalPolicy'>,
  ): Pulls | undefined {
    if (!pulls) return undefined
    const servers = [this.api, ...(this.web ? [this.web] : [])]
    const recording = new Pulls(this, 'Pulls', {
      ...logs,
      role: this.role('PullsRole', 'What the record of pulls may do'),
      statements: pullStatements(access),
      environment,
      logs: servers.map(({ logGroup }) => logGroup),
      code: code.api,
    })
    // All that serve pulls log them by then.
    recording.node.addDependency(...servers)
    return recording
  }

  private sendingEvents(
    props: RegistryWithCodeProps,
    access: BucketAccess,
    environment: Readonly<Record<string, string>>,
    logs: Pick<RunningProps, 'logRetention' | 'removalPolicy'>,
  ): Events | undefined {
    const { events = {}, code } = props
    if (!sendsEvents(props)) return undefined
    return new Events(this, 'Events', {
      ...logs,
      ...events,
      bucket: this.bucket,
      keyPrefix: access.keyPrefix,
      told: props.bucket === undefined,
      role: this.role('EventsRole', 'What sends events may do'),
      statements: [
        ...eventStatements(access),
        ...receiverStatements(events.buses ?? [], Object.values(events.secrets ?? {})),
      ],
      // What events call the registry.
      environment: {
        ...environment,
        SLIPWAY_PUBLIC_URL: props.publicUrl ?? `https://${this.host}`,
      },
      code: code.api,
    })
  }

  private keys(
    { keys, signingKeys, uploadKey, primary, keyUsers: users = [] }: RegistryProps,
    at: Pick<BucketKeysProps, 'bucket' | 'keyPrefix'>,
    holders: KeyHolders,
  ): KeySet {
    if (keys === 'bucket') return bucketKeys({ ...at, users, ...holders })
    return primary?.keys
      ? new ReplicaKeys(this, 'Keys', { ...primary.keys, users, roles: holders.roles })
      : new RegistryKeys(this, 'Keys', { users, signingKeys, uploadKey, ...holders })
  }

  private role(id: string, description: string): Role {
    return new Role(this, id, {
      description,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
  }
}
