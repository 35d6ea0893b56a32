/**
 * What of a request is in the cache's key, and what goes to the origin: cache policies and origin
 * request policies, AWS's own by id and those of a template.
 *
 * @module
 */

/** Which of several values by name. */
export type Choice =
  | { readonly kind: 'none' | 'all' }
  | { readonly kind: 'only' | 'except'; readonly names: readonly string[] }

export interface CachePolicy {
  /** Seconds. */
  readonly minTtl: number
  readonly defaultTtl: number
  readonly maxTtl: number
  readonly headers: Choice
  readonly query: Choice
}

export interface OriginPolicy {
  readonly headers: Choice
  readonly query: Choice
  readonly cookies: Choice
  /** One of AWS's own, which drop some parameters on the way to a bucket. */
  readonly managed: boolean
}

const NONE: Choice = { kind: 'none' }
const ALL: Choice = { kind: 'all' }

/** "Use managed cache policies". */
const MANAGED_CACHE: Readonly<Record<string, CachePolicy>> = {
  // CachingDisabled
  '4135ea2d-6df8-44a3-9df3-4b5a84be39ad': {
    minTtl: 0,
    defaultTtl: 0,
    maxTtl: 0,
    headers: NONE,
    query: NONE,
  },
}

/** "Use managed origin request policies". */
const MANAGED_ORIGIN: Readonly<Record<string, OriginPolicy>> = {
  // AllViewerExceptHostHeader
  'b689b0a8-53d0-40ab-baf2-68738e2966ac': {
    headers: { kind: 'except', names: ['host'] },
    query: ALL,
    cookies: ALL,
    managed: true,
  },
  // AllViewer
  '216adef6-5c7f-47e4-b989-5492eafa07d3': { headers: ALL, query: ALL, cookies: ALL, managed: true },
}

const NOTHING: OriginPolicy = { headers: NONE, query: NONE, cookies: NONE, managed: false }

const choiceOf = (behaviour: string | undefined, names: readonly string[] = []): Choice => {
  switch (behaviour) {
    case 'all':
    case 'allViewer':
      return ALL
    case 'whitelist':
      return { kind: 'only', names: names.map((name) => name.toLowerCase()) }
    case 'allExcept':
      return { kind: 'except', names: names.map((name) => name.toLowerCase()) }
    default:
      return NONE
  }
}

/** Whether a choice has this name, in lower case. */
export const includes = (choice: Choice, name: string): boolean => {
  if (choice.kind === 'only') return choice.names.includes(name)
  if (choice.kind === 'except') return !choice.names.includes(name)
  return choice.kind === 'all'
}

type Raw = Readonly<Record<string, never>>
interface RawConfig {
  readonly HeadersConfig: { readonly HeaderBehavior: string; readonly Headers?: readonly string[] }
  readonly QueryStringsConfig: {
    readonly QueryStringBehavior: string
    readonly QueryStrings?: readonly string[]
  }
  readonly CookiesConfig: {
    readonly CookieBehavior: string
    readonly Cookies?: readonly string[]
  }
}

const partsOf = ({ HeadersConfig, QueryStringsConfig, CookiesConfig }: RawConfig) => ({
  headers: choiceOf(HeadersConfig.HeaderBehavior, HeadersConfig.Headers),
  query: choiceOf(QueryStringsConfig.QueryStringBehavior, QueryStringsConfig.QueryStrings),
  cookies: choiceOf(CookiesConfig.CookieBehavior, CookiesConfig.Cookies),
})

const known = <T>(table: Readonly<Record<string, T>>, id: string): T => {
  const found = table[id]
  if (found === undefined) throw new Error(`the policy ${id} is not emulated`)
  return found
}

/** A cache policy, by AWS's id or as a resource. */
export const cachePolicyOf = (policy: unknown): CachePolicy => {
  if (typeof policy === 'string') return known(MANAGED_CACHE, policy)
  const { CachePolicyConfig: config } = (policy as { Properties: Raw }).Properties as unknown as {
    CachePolicyConfig: Record<'MinTTL' | 'DefaultTTL' | 'MaxTTL', number> & {
      ParametersInCacheKeyAndForwardedToOrigin: RawConfig
    }
  }
  const { headers, query } = partsOf(config.ParametersInCacheKeyAndForwardedToOrigin)
  const { MinTTL: minTtl, DefaultTTL: defaultTtl, MaxTTL: maxTtl } = config
  return { minTtl, defaultTtl, maxTtl, headers, query }
}

/**
 * An origin request policy, by AWS's id or as a resource.
 *
 * @throws Error for one that names Authorization, which CloudFront refuses ("Configure CloudFront to
 *   forward the Authorization header")
 */
export const originPolicyOf = (policy: unknown): OriginPolicy => {
  if (policy === undefined) return NOTHING
  if (typeof policy === 'string') return known(MANAGED_ORIGIN, policy)
  const { OriginRequestPolicyConfig } = (policy as { Properties: Raw }).Properties as unknown as {
    OriginRequestPolicyConfig: RawConfig
  }
  const parts = partsOf(OriginRequestPolicyConfig)
  if (parts.headers.kind === 'only' && parts.headers.names.includes('authorization')) {
    throw new Error('The parameter Headers contains Authorization that is not allowed.')
  }
  return { ...parts, managed: false }
}
