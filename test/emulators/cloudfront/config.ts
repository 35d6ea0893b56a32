/**
 * A distribution as its CloudFormation resource configures it.
 *
 * @module
 */

import { type CachePolicy, cachePolicyOf, type OriginPolicy, originPolicyOf } from './policies.ts'

/** A template, as far as it is read. */
export interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: unknown }>
  >
}

/** A value of a template, with what only a deploy knows. */
export type Resolve = (value: unknown) => string

export interface Origin {
  readonly id: string
  readonly domain: string
  /** Put before every path. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly readTimeout: number
  readonly isBucket: boolean
  /** Whether CloudFront signs its requests: "Restrict access to an Amazon S3 origin". */
  readonly signs: boolean
}

export interface Behaviour {
  /** Absent: the default one. */
  readonly pattern: string | undefined
  readonly origin: Origin
  readonly methods: readonly string[]
  readonly cache: CachePolicy
  readonly toOrigin: OriginPolicy
  /** Source of the functions. */
  readonly viewerRequest: string | undefined
  /** Logical name of the key-value store that it reads: "Associate a key value store with a function". */
  readonly keyValues: string | undefined
  readonly viewerResponse: string | undefined
  /** Whether Lambda@Edge is called for responses of the origin. */
  readonly originResponse: boolean
  /** Public keys, PEM by id, of which one must have signed the URL; undefined: none need have. */
  readonly keys: Readonly<Record<string, string>> | undefined
}

export interface Distribution {
  readonly behaviours: readonly Behaviour[]
  /** Seconds that an error is cached for, by status. */
  readonly errorTtl: Readonly<Record<number, number>>
}

interface RawOrigin {
  readonly Id: string
  readonly DomainName: unknown
  readonly OriginPath?: string
  readonly OriginCustomHeaders?: readonly { readonly HeaderName: string; HeaderValue: unknown }[]
  readonly CustomOriginConfig?: { readonly OriginReadTimeout?: number }
  readonly OriginAccessControlId?: unknown
}

interface RawBehaviour {
  readonly PathPattern?: string
  readonly TargetOriginId: string
  readonly AllowedMethods?: readonly string[]
  readonly CachePolicyId: unknown
  readonly OriginRequestPolicyId?: unknown
  readonly TrustedKeyGroups?: readonly unknown[]
  readonly FunctionAssociations?: readonly { readonly EventType: string; FunctionARN: unknown }[]
  readonly LambdaFunctionAssociations?: readonly { readonly EventType: string }[]
}

interface RawDistribution {
  readonly DistributionConfig: {
    readonly Origins: readonly RawOrigin[]
    readonly DefaultCacheBehavior: RawBehaviour
    readonly CacheBehaviors?: readonly RawBehaviour[]
    readonly CustomErrorResponses?: readonly {
      readonly ErrorCode: number
      readonly ErrorCachingMinTTL?: number
    }[]
  }
}

/** Seconds: "Response timeout", the default. */
const READ_TIMEOUT = 30

const originOf = (raw: RawOrigin, resolve: Resolve): Origin => ({
  id: raw.Id,
  domain: resolve(raw.DomainName),
  path: raw.OriginPath ?? '',
  headers: Object.fromEntries(
    (raw.OriginCustomHeaders ?? []).map(({ HeaderName, HeaderValue }) => [
      HeaderName.toLowerCase(),
      resolve(HeaderValue),
    ]),
  ),
  readTimeout: (raw.CustomOriginConfig?.OriginReadTimeout ?? READ_TIMEOUT) * 1000,
  isBucket: raw.CustomOriginConfig === undefined,
  signs: raw.OriginAccessControlId !== undefined,
})

/** The logical name of what a reference refers to. */
const logicalName = (reference: unknown): string => {
  const { Ref, 'Fn::GetAtt': attribute } = reference as { Ref?: string; 'Fn::GetAtt'?: string[] }
  return Ref ?? attribute?.[0] ?? ''
}

const codeOf = (template: Template, arn: unknown): string => {
  const found = template.Resources[logicalName(arn)]
  if (found === undefined) throw new Error(`there is no function ${JSON.stringify(arn)}`)
  return (found.Properties as { FunctionCode: string }).FunctionCode
}

const storeOf = (template: Template, arn: unknown): string | undefined => {
  if (arn === undefined) return undefined
  const { FunctionConfig } = (template.Resources[logicalName(arn)]?.Properties ?? {}) as {
    FunctionConfig?: { KeyValueStoreAssociations?: readonly { KeyValueStoreARN: unknown }[] }
  }
  const [store] = FunctionConfig?.KeyValueStoreAssociations ?? []
  return store && logicalName(store.KeyValueStoreARN)
}

const keysOf = (
  groups: readonly unknown[],
  { Resources }: Template,
  resolve: Resolve,
): Record<string, string> => {
  const properties = <T>(reference: unknown): T =>
    (Resources[logicalName(reference)] ?? { Properties: {} }).Properties as T
  const ids = groups.flatMap(
    (group) => properties<{ KeyGroupConfig: { Items: unknown[] } }>(group).KeyGroupConfig.Items,
  )
  return Object.fromEntries(
    ids.map((id) => {
      const key = properties<{ PublicKeyConfig: { EncodedKey: unknown } }>(id)
      return [resolve(id), resolve(key.PublicKeyConfig.EncodedKey)]
    }),
  )
}

const behaviourOf = (
  raw: RawBehaviour,
  origins: readonly Origin[],
  template: Template,
  resolve: Resolve,
): Behaviour => {
  const origin = origins.find(({ id }) => id === raw.TargetOriginId)
  if (origin === undefined) throw new Error(`there is no origin ${raw.TargetOriginId}`)
  const arnAt = (event: string): unknown =>
    raw.FunctionAssociations?.find(({ EventType }) => EventType === event)?.FunctionARN
  const codeAt = (event: string): string | undefined => {
    const arn = arnAt(event)
    return arn === undefined ? undefined : codeOf(template, arn)
  }
  const policy = (id: unknown) =>
    typeof id === 'string' ? id : template.Resources[logicalName(id)]
  return {
    pattern: raw.PathPattern,
    origin,
    methods: raw.AllowedMethods ?? ['GET', 'HEAD'],
    cache: cachePolicyOf(policy(raw.CachePolicyId)),
    toOrigin: originPolicyOf(
      raw.OriginRequestPolicyId === undefined ? undefined : policy(raw.OriginRequestPolicyId),
    ),
    viewerRequest: codeAt('viewer-request'),
    keyValues: storeOf(template, arnAt('viewer-request')),
    viewerResponse: codeAt('viewer-response'),
    originResponse:
      raw.LambdaFunctionAssociations?.some(({ EventType }) => EventType === 'origin-response') ??
      false,
    keys: raw.TrustedKeyGroups && keysOf(raw.TrustedKeyGroups, template, resolve),
  }
}

/** The only distribution of a template. */
export const distributionOf = (template: Template, resolve: Resolve): Distribution => {
  const [raw, ...more] = Object.values(template.Resources).filter(
    ({ Type }) => Type === 'AWS::CloudFront::Distribution',
  )
  if (raw === undefined || more.length > 0) throw new Error('there must be one distribution')
  const { DistributionConfig: config } = raw.Properties as RawDistribution
  const origins = config.Origins.map((each) => originOf(each, resolve))
  const inOrder = [...(config.CacheBehaviors ?? []), config.DefaultCacheBehavior]
  return {
    behaviours: inOrder.map((each) => behaviourOf(each, origins, template, resolve)),
    errorTtl: Object.fromEntries(
      (config.CustomErrorResponses ?? []).map(({ ErrorCode, ErrorCachingMinTTL }) => [
        ErrorCode,
        ErrorCachingMinTTL ?? 10,
      ]),
    ),
  }
}
