/**
 * Reads context values: checks each by itself, then all together.
 *
 * @module
 */

import type { Node } from 'constructs'
import { withoutUser } from '../functions/shared/errors.ts'
import { nearest } from '../functions/shared/nearest.ts'
import { CONTEXT, type ContextName, type ContextValues } from './context.ts'
import { lacksAccounts } from './context-aws.ts'
import { ContextError } from './errors.ts'

const names = Object.keys(CONTEXT) as ContextName[]

/** A row for each value, as in the documentation. */
export const contextTable: readonly Readonly<Record<'name' | 'help' | 'value', string>>[] =
  names.map((name) => ({ name, help: CONTEXT[name].help, value: CONTEXT[name].value }))

/** What must or must not be set together. */
const RELATIONS: readonly (readonly [
  isWrong: (values: ContextValues) => boolean,
  message: string,
])[] = [
  [
    ({ bucket, bucketLogDays }) => bucket !== undefined && bucketLogDays !== undefined,
    'bucketLogDays is for a new bucket: an existing bucket keeps its log',
  ],
  [
    ({ bucket, kmsKey, primaryBucket, replicaBucket }) =>
      replicaBucket !== undefined && (bucket ?? kmsKey ?? primaryBucket) !== undefined,
    "replicaBucket is for a new bucket with S3's own encryption: bucket, kmsKey and primaryBucket do not go with it",
  ],
  [
    ({ primaryBucket, primaryRegion }) =>
      (primaryBucket === undefined) !== (primaryRegion === undefined),
    'primaryBucket and primaryRegion go together: set both or neither',
  ],
  [
    ({ primaryBucket, bucket, kmsKey, edge }) =>
      primaryBucket !== undefined && ((bucket ?? kmsKey) !== undefined || edge !== 'off'),
    "primaryBucket makes a new bucket, with S3's own encryption: bucket, kmsKey and edge do not go with it",
  ],
  [
    ({ primarySigningKeys: signing, primaryUploadKey: upload }) =>
      (signing === undefined) !== (upload === undefined),
    'primarySigningKeys and primaryUploadKey go together: set both or neither',
  ],
  [
    ({ primaryBucket, primaryUploadKey, keys, signingKeys, uploadKey }) =>
      primaryUploadKey !== undefined &&
      (primaryBucket === undefined ||
        keys === 'bucket' ||
        (signingKeys ?? uploadKey) !== undefined),
    'primarySigningKeys and primaryUploadKey are for a primaryBucket and keys in KMS, in place of signingKeys and uploadKey',
  ],
  [
    ({ webRegions, webFunction, uploadOrigin }) =>
      webRegions !== undefined &&
      (webFunction === false || (webFunction === undefined && uploadOrigin !== undefined)),
    'webRegions is for a Web Function, which is off',
  ],
  [
    ({ hostedZoneId: id, hostedZoneName: name }) => (id === undefined) !== (name === undefined),
    'hostedZoneId and hostedZoneName go together: set both or neither',
  ],
  [
    ({ domain, certificate, hostedZoneId }) =>
      domain === undefined && (certificate ?? hostedZoneId) !== undefined,
    'certificate and hostedZoneId are for a domain, which is not set',
  ],
  [
    ({ domain, certificate, hostedZoneId }) =>
      domain !== undefined && (certificate ?? hostedZoneId) === undefined,
    'domain needs a certificate, or hostedZoneId and hostedZoneName to have one made',
  ],
  [
    ({ domain, hostedZoneName }) =>
      hostedZoneName !== undefined && !`.${domain}`.endsWith(`.${hostedZoneName}`),
    'domain is not in the zone that hostedZoneName names',
  ],
  [
    ({ edge, domain }) => edge !== 'off' && domain === undefined,
    'edge is for a domain, which is not set',
  ],
  [
    ({ edge, edgeCertificate, hostedZoneId }) =>
      edge !== 'off' && (edgeCertificate ?? hostedZoneId) === undefined,
    'edge needs edgeCertificate, or hostedZoneId and hostedZoneName to have one made',
  ],
  [
    ({ edge, edgeCertificate, edgeTokenRate, awsNetworks, blobs, edgeCache, pushHost }) =>
      edge === 'off' &&
      (pushHost ||
        blobs !== 's3' ||
        edgeCache !== 'off' ||
        (edgeCertificate ?? edgeTokenRate ?? awsNetworks) !== undefined),
    'edgeCertificate, edgeTokenRate, blobs, edgeCache, awsNetworks and pushHost are for an edge, which is off',
  ],
  [
    ({ edge, bucket }) => edge !== 'off' && bucket !== undefined && bucket.includes('.'),
    "edge needs a bucket without dots in its name: CloudFront reaches S3 at a host that begins with it, for which S3's certificate is not",
  ],
  [
    ({ edgeCache, edgeTagAge }) => edgeCache === 'off' && edgeTagAge !== undefined,
    'edgeTagAge is for edgeCache=public',
  ],
  [
    ({ edgeCache, blobs }) => edgeCache === 'public' && blobs !== 'cloudfront',
    'edgeCache=public needs blobs=cloudfront: a redirect to S3 is for GET or HEAD, not for both',
  ],
  [
    ({ edgeCache, cors }) => edgeCache === 'public' && cors !== undefined && cors !== '*',
    'edgeCache=public would give one page what it keeps for another: it needs cors=*, or none',
  ],
  [
    ({ edgeCache, policy }) => edgeCache === 'public' && policy !== undefined,
    'edgeCache=public needs the policy in the store: `slipway policy set` tells the edge what is public',
  ],
  [
    ({ keys, signingKeys, uploadKey }) =>
      keys === 'bucket' && (signingKeys ?? uploadKey) !== undefined,
    'signingKeys and uploadKey are for keys in KMS: `slipway keys rotate` rotates those in the bucket',
  ],
  [({ pulls, pullsExcept }) => !pulls && pullsExcept !== undefined, 'pullsExcept is for pulls=on'],
  [
    ({ pulls, logLevel }) => pulls && !['debug', 'info', undefined].includes(logLevel),
    'pulls=on reads the log: it needs logLevel info or debug',
  ],
  [
    ({ metrics, logLevel }) => metrics && !['debug', 'info', undefined].includes(logLevel),
    'metrics=on counts lines of the log: it needs logLevel info or debug',
  ],
  [
    ({ pulls, webRegions }) => pulls && webRegions !== undefined,
    'pulls=on does not go with webRegions: what the Web Function serves in other Regions is logged there',
  ],
  [
    ({ awsAllow, awsAccounts }) => lacksAccounts(awsAllow, awsAccounts),
    'awsAllow has an entry without an account of 12 digits: set awsAccounts, too',
  ],
  [
    ({ awsAllow, awsAccounts, awsRegions }) =>
      awsRegions !== undefined && (awsAllow ?? awsAccounts) === undefined,
    'awsRegions is for log-ins with AWS credentials: set awsAllow or awsAccounts',
  ],
  [
    ({ events, eventMinutes, eventConcurrency, eventBuses, eventSecrets }) =>
      !events && (eventMinutes ?? eventConcurrency ?? eventBuses ?? eventSecrets) !== undefined,
    'eventMinutes, eventConcurrency, eventBuses and eventSecrets are for events=on',
  ],
  [
    ({ upstreams, upstreamConcurrency, upstreamSecrets, upstreamRepositories }) =>
      !upstreams && (upstreamConcurrency ?? upstreamSecrets ?? upstreamRepositories) !== undefined,
    'upstreamConcurrency, upstreamSecrets and upstreamRepositories are for upstreams=on',
  ],
  [
    ({ upstreams, readOnly, primaryBucket }) =>
      upstreams && (readOnly || primaryBucket !== undefined),
    'upstreams=on is for a registry that is written to: not with readOnly, nor in a second Region',
  ],
  [
    ({ mirror, mirrorSecrets, mirrorRepositories }) =>
      mirror === undefined && (mirrorSecrets ?? mirrorRepositories) !== undefined,
    'mirrorSecrets and mirrorRepositories are for a mirror, which is not set',
  ],
  [
    ({ mirror, readOnly, primaryBucket }) =>
      mirror !== undefined && (readOnly || primaryBucket !== undefined),
    'mirror is for a registry that is written to: not with readOnly, nor in a second Region',
  ],
  [
    ({ traces, traceHeaders, traceRatio }) =>
      traces === undefined && (traceHeaders ?? traceRatio) !== undefined,
    'traceHeaders and traceRatio are for traces, which are sent nowhere',
  ],
  [({ gc, gcGrace }) => !gc && gcGrace !== undefined, 'gcGrace is for gc=on'],
  [
    ({ alarms, alarmEmail, alarmTopic }) => !alarms && (alarmEmail ?? alarmTopic) !== undefined,
    'alarmEmail and alarmTopic are for alarms, which are off',
  ],
]

/** What names secrets: who mistakes it gives them, and messages do not repeat that. */
const NAMES_SECRETS = /Secrets$|^traceHeaders$|(?:upload|signing)Keys?$/i

/** Names of this project's form: CDK's own contain `:`, `@`, `/` or `-`. */
const OURS = /^[A-Za-z]+$/

/**
 * Reads and checks all context values.
 *
 * @throws ContextError naming the value and what was expected, or an unknown name
 */
export const readContext = (node: Node): ContextValues => {
  const given: Readonly<Record<string, unknown>> = node.getAllContext()
  const unknown = Object.keys(given).find(
    (name) => OURS.test(name) && !Object.hasOwn(CONTEXT, name),
  )
  if (unknown !== undefined) {
    const near = nearest(unknown, names)
    const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`
    throw new ContextError(`there is no context value ${JSON.stringify(unknown)}: ${hint}`)
  }
  const entries = names.map((name) => {
    const result = CONTEXT[name].schema.safeParse(given[name])
    if (result.success) return [name, result.data]
    const shown = NAMES_SECRETS.test(name) ? '' : ` is ${JSON.stringify(given[name])}`
    const why = result.error.issues[0]?.message
    throw new ContextError(withoutUser(`the context value ${name}${shown}: ${why}`))
  })
  const values = Object.fromEntries(entries) as ContextValues
  const wrong = RELATIONS.find(([isWrong]) => isWrong(values))
  if (wrong !== undefined) throw new ContextError(wrong[1])
  return values
}
