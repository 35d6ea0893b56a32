/**
 * The stack that `cdk deploy` creates: a registry configured by context values, and outputs that say
 * what to do next.
 *
 * @module
 */

import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Key } from 'aws-cdk-lib/aws-kms'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { ContextValues } from './context.ts'
import type { EdgeParts } from './edge.ts'
import { Registry } from './registry.ts'
import type { RegistryProps, RegistryWithCodeProps } from './registry-props.ts'

export interface RegistryStackProps extends StackProps {
  readonly values: ContextValues
  readonly code: RegistryWithCodeProps['code']
  /** What an edge needs from us-east-1; absent with `edge=off`. */
  readonly edge?: EdgeParts | undefined
}

/** Seconds that the edge keeps tags for, unless the context says so. */
const TAG_AGE = 60

/** The construct for an existing resource, if it is named. */
const named = <T>(name: string | undefined, construct: (name: string) => T): T | undefined =>
  name === undefined ? undefined : construct(name)

const domainOf = (scope: Construct, values: ContextValues): RegistryProps['domain'] => {
  const { domain: name, certificate, hostedZoneId, hostedZoneName: zoneName } = values
  if (name === undefined) return undefined
  return {
    name,
    certificate: named(certificate, (arn) =>
      Certificate.fromCertificateArn(scope, 'Certificate', arn),
    ),
    zone:
      hostedZoneId && zoneName
        ? HostedZone.fromHostedZoneAttributes(scope, 'Zone', { hostedZoneId, zoneName })
        : undefined,
  }
}

const alarmsOf = (scope: Construct, values: ContextValues): RegistryProps['alarms'] =>
  values.alarms && {
    email: values.alarmEmail,
    topic: named(values.alarmTopic, (arn) => Topic.fromTopicArn(scope, 'AlarmTopic', arn)),
  }

const eventsOf = (values: ContextValues): RegistryProps['events'] =>
  values.events
    ? {
        minutes: values.eventMinutes,
        concurrency: values.eventConcurrency,
        buses: values.eventBuses,
        secrets: values.eventSecrets,
      }
    : undefined

const upstreamsOf = (values: ContextValues): RegistryProps['upstreams'] =>
  values.upstreams
    ? {
        concurrency: values.upstreamConcurrency,
        secrets: values.upstreamSecrets,
        repositories: values.upstreamRepositories,
      }
    : undefined

const mirrorOf = ({
  mirror: document,
  mirrorSecrets: secrets,
  mirrorRepositories: repositories,
}: ContextValues): RegistryProps['mirror'] =>
  document === undefined ? undefined : { document, secrets, repositories }

const tracesOf = ({ traces, traceHeaders, traceRatio }: ContextValues): RegistryProps['traces'] =>
  traces === undefined
    ? undefined
    : { endpoint: traces, headersSecret: traceHeaders, ratio: traceRatio }

const edgeOf = (values: ContextValues, parts: EdgeParts | undefined): RegistryProps['edge'] =>
  parts === undefined || values.edge === 'off'
    ? undefined
    : {
        parts,
        state: values.edge,
        secrets: values.edgeSecrets,
        uploadTimeout: values.edgeUploadTimeout,
        pushHost: values.pushHost,
        blobs: values.blobs,
        tagAge: values.edgeCache === 'public' ? (values.edgeTagAge ?? TAG_AGE) : undefined,
        awsNetworks: values.awsNetworks,
      }

/** Settings that are passed to the handler as they are. */
const environmentOf = (values: ContextValues): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      SLIPWAY_AUTH: values.auth,
      SLIPWAY_INDEX_CHILDREN: values.indexChildren,
      SLIPWAY_MANIFEST_HEADS: values.manifestHeads,
      SLIPWAY_CORS: values.cors,
      SLIPWAY_TOKEN_SERVICE: values.tokenService,
      SLIPWAY_TOKEN_ISSUER: values.tokenIssuer,
      SLIPWAY_TOKEN_REALM: values.tokenRealm,
      SLIPWAY_UPLOAD_LIFE: values.uploadLife,
      SLIPWAY_S3_BUCKET_OWNER: values.bucketOwner,
      SLIPWAY_S3_DIRECT: values.s3Direct,
      SLIPWAY_LOG_LEVEL: values.logLevel,
      SLIPWAY_AUDIT_PULLS: values.auditPulls,
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

const primaryOf = (values: ContextValues): RegistryProps['primary'] => {
  const { primaryBucket: bucket, primaryRegion: region } = values
  const { primarySigningKeys: signing, primaryUploadKey: upload } = values
  if (bucket === undefined || region === undefined) return undefined
  return { bucket, region, keys: signing && upload ? { signing, upload } : undefined }
}

const awsLogInsOf = ({ awsAllow, awsAccounts, awsRegions }: ContextValues) => ({
  allow: awsAllow,
  accounts: awsAccounts?.[0] === 'organization' ? ('organization' as const) : awsAccounts,
  regions: awsRegions,
})

/** Properties from context values. Buckets, keys and zones that they name become constructs. */
const registryProps = (scope: Construct, values: ContextValues): RegistryProps => ({
  ...values,
  edge: undefined,
  bucket: named(values.bucket, (name) => Bucket.fromBucketName(scope, 'Bucket', name)),
  primary: primaryOf(values),
  encryptionKey: named(values.kmsKey, (arn) => Key.fromKeyArn(scope, 'Key', arn)),
  domain: domainOf(scope, values),
  alarms: alarmsOf(scope, values),
  events: eventsOf(values),
  upstreams: upstreamsOf(values),
  mirror: mirrorOf(values),
  traces: tracesOf(values),
  environment: environmentOf(values),
  awsLogIns: awsLogInsOf(values),
})

/** A registry in a stack of its own. */
export class RegistryStack extends Stack {
  readonly registry: Registry

  constructor(
    scope: Construct,
    id: string,
    { values, code, edge: parts, ...props }: RegistryStackProps,
  ) {
    super(scope, id, {
      description: 'Slipway, a container registry',
      terminationProtection: values.terminationProtection,
      ...props,
    })
    this.registry = new Registry(this, 'Registry', {
      ...registryProps(this, values),
      edge: edgeOf(values, parts),
      code,
    })
    for (const [name, value] of Object.entries({ project: values.name, ...values.tags })) {
      Tags.of(this).add(name, value)
    }
    this.output('RegistryHost', this.registry.host, 'docker login <this>')
    const { pushHost } = this.registry
    if (pushHost) {
      const description = 'Takes layers of any size; a registry of its own: docker login <this>'
      this.output('PushHost', pushHost, description)
    }
    const { bucketName } = this.registry.bucket
    if (values.primaryBucket === undefined) {
      this.output('BucketName', bucketName, 'Where everything is kept')
    } else {
      this.output('BucketName', bucketName, `What S3 copies ${values.primaryBucket} to`)
      const how = `npx cdk deploy -c replicaBucket=${bucketName}`
      this.output('Replicate', how, `In ${values.primaryRegion}, with the context values of there`)
    }
    this.output('ApiId', this.registry.gateway.api.ref, 'The HTTP API')
    this.commands(values)
    const { api, dashboard, domain, edge } = this.registry
    this.output(
      'Logs',
      `aws logs tail ${api.logGroup.logGroupName} --follow`,
      'Shows the log of the function',
    )
    this.cleanUp()
    const { events, fills, mirror, pulls } = this.registry
    if (events) {
      const how = `aws logs tail ${events.logGroup.logGroupName} --follow`
      this.output('EventsLogs', how, 'Shows the log of what sends events')
    }
    if (fills) {
      const how = `aws logs tail ${fills.logGroup.logGroupName} --follow`
      this.output('FillsLogs', how, 'Shows the log of what copies blobs of upstreams')
    }
    if (mirror) {
      const how = `aws logs tail ${mirror.logGroup.logGroupName} --follow`
      this.output('MirrorLogs', how, 'Shows the log of what keeps repositories in step')
      const status = `npm run slipway -- mirror ${values.mirror} --status --state store`
      this.output('MirrorStatus', `${status} ${this.place(values)}`, 'Shows how each rule stands')
    }
    if (pulls) {
      const how = `aws logs tail ${pulls.logGroup.logGroupName} --follow`
      this.output('PullsLogs', how, 'Shows the log of the record of pulls')
    }
    if (dashboard) this.output('DashboardUrl', dashboard.url, 'Requests, errors, times')
    const leadsToEdge = ['open', 'on'].includes(values.edge)
    const target = leadsToEdge ? edge?.target : domain?.target
    if (target && values.hostedZoneId === undefined) {
      this.output('DomainTarget', target, `What ${values.domain} must be a CNAME of`)
    }
    if (edge?.bucketStatement) {
      this.output('EdgeReads', edge.bucketStatement, "Statement to add to the bucket's policy")
    }
    if (edge?.cache) {
      const at = `--edge-list ${edge.cache.keyValueStore} --distribution ${edge.distribution.ref}`
      this.output(
        'PublishPolicy',
        `npm run slipway -- policy publish ${this.place(values)} ${at}`,
        'Needed once, before the edge keeps anything',
      )
    }
    if (edge) this.output('EdgeTarget', edge.target, 'The distribution: for curl --connect-to')
  }

  private cleanUp(): void {
    const { cleanUp } = this.registry
    if (cleanUp === undefined) return
    this.output(
      'CleanUpNow',
      `aws lambda invoke --function-name ${cleanUp.function.functionName} --invocation-type Event ` +
        `--cli-binary-format raw-in-base64-out --payload '{"now":true}' /dev/null`,
      'Cleans up now, rather than when a day has passed',
    )
    this.output(
      'CleanUpLogs',
      `aws logs tail ${cleanUp.logGroup.logGroupName} --follow`,
      'Shows the log of the clean-up',
    )
  }

  /** What an administrator does next, with the credentials that deployed the stack. */
  private commands(values: ContextValues): void {
    const { keys, policy } = values
    const at = this.place(values)
    if (keys === 'bucket') {
      this.output(
        'CreateKeys',
        `npm run slipway -- keys create ${at}`,
        'Needed once, before log-ins',
      )
    }
    this.output(
      'FirstUser',
      `npm run slipway -- user add admin ${at}`,
      'Adds the first account; asks for its password',
    )
    // If a document is deployed, the one in the store has no effect.
    if (policy !== undefined) return
    this.output('SetPolicy', `npm run slipway -- policy set policy.yaml ${at}`, 'Who may do what')
  }

  /** Where commands find the registry, as flags. */
  private place({ kmsKey, primaryRegion }: ContextValues): string {
    return [
      `--store ${this.registry.store}`,
      `--s3-region ${primaryRegion ?? this.region}`,
      ...(kmsKey ? [`--s3-kms-key ${kmsKey}`] : []),
    ].join(' ')
  }

  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description })
  }
}
