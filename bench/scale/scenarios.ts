/**
 * The loads that docs/scale.md is about.
 *
 * @module
 */

import { type Errand, requestsOf } from './errands.ts'
import type { Retries } from './instance.ts'
import { GATEWAY, LAMBDA, REGIONAL_CACHES } from './limits.ts'
import { type Popularity, uniform, zipf } from './random.ts'
import type { LambdaHost, Scenario, ServersHost } from './scenario.ts'

/** What functions/storage/s3/retries.ts sets, and what the SDK does by itself. */
export const RETRIES: Retries = { attempts: 6, base: 1, most: 2 }
const SDK_RETRIES: Retries = { ...RETRIES, most: 20 }

/** Pulls a second of the first two parts, and pushes of the third. */
export const PULLS = 100_000
export const PUSHES = 1000
/** Repositories. */
export const MANY = 1_000_000

/** Seconds for which CloudFront is taken to keep what has no end of its own. */
const DAY = 86_400
/** Seconds for which an edge keeps tags, and what is under a digest (docs/edge.md). */
const TAG_AGE = 60
const DIGEST_AGE = 3600

/** Requests a second that a server is taken to answer: the least of what the benchmark measured, rounded down. */
export const PER_SERVER = 1000

/**
 * The share of requests that caches answer which keep a response for so many seconds: each asks once, and is then asked
 * rate × seconds / caches times, on average, until it asks again.
 *
 * @param rate of requests for the same, a second, at all caches together
 */
export const keptShare = (rate: number, seconds: number): number => {
  const between = (rate * seconds) / REGIONAL_CACHES
  return between / (1 + between)
}

const publicEdge = (request: string, rate: number): number =>
  keptShare(rate, request.includes('tag') ? TAG_AGE : DIGEST_AGE)

const cloudFront = (rate: number): number => keptShare(rate, DAY)

/** As AWS gives it to a new account, and as the stack is by default. */
const AS_DEPLOYED: LambdaHost = { kind: 'lambda', rate: 500, burst: 1000, warm: false, ...LAMBDA }

const WITH_QUOTAS: LambdaHost = { ...AS_DEPLOYED, ...GATEWAY }

/** With all quotas raised for so many requests a second, and a quarter more; as many instances as that takes are there. */
const raised = (requests: number): LambdaHost => ({
  ...AS_DEPLOYED,
  rate: requests * 1.25,
  burst: requests,
  concurrency: (requests * 1.25) / LAMBDA.requestsPerInstance,
  warm: true,
})

const servers = (requests: number): ServersHost => ({
  kind: 'servers',
  count: Math.ceil(requests / PER_SERVER),
})

/** A load, on a bucket that is new or that has grown with it. */
export interface Planned {
  readonly scenario: Scenario
  readonly grown: boolean
}

/** Errands a second that are simulated, of all there are. */
const SIMULATED = 1000

const planned = (
  title: string,
  errand: Errand,
  rate: number,
  popularity: Popularity,
  more: Partial<Scenario> & { readonly grown?: boolean } = {},
): Planned => {
  const { grown = true, ...others } = more
  const share = Math.max(1, rate / SIMULATED)
  const host = raised(rate * requestsOf(errand))
  const usual = { retries: RETRIES, remembers: true, share, host }
  return { grown, scenario: { ...usual, title, errand, rate, popularity, ...others } }
}

const ONE = uniform(1)
const PULL_REQUESTS = PULLS * requestsOf('pull')

/** One image with one tag. */
export const oneImage = (): readonly Planned[] => [
  planned('the stack as it is deployed', 'pull', PULLS, ONE, { host: AS_DEPLOYED, grown: false }),
  planned("AWS's quotas (`rate=10000`)", 'pull', PULLS, ONE, { host: WITH_QUOTAS, grown: false }),
  planned('quotas raised, new bucket', 'pull', PULLS, ONE, { grown: false }),
  planned('quotas raised, waits as of the SDK', 'pull', PULLS, ONE, { retries: SDK_RETRIES }),
  planned('quotas raised', 'pull', PULLS, ONE),
  planned('`blobs=cloudfront`', 'pull', PULLS, ONE, { downloads: cloudFront }),
  planned('by digest', 'pull by digest', PULLS, ONE),
  planned('by digest, no memory, `blobs=cloudfront`', 'pull by digest', PULLS, ONE, {
    remembers: false,
    downloads: cloudFront,
  }),
  planned('by digest, `blobs=cloudfront`', 'pull by digest', PULLS, ONE, { downloads: cloudFront }),
  planned('servers, no sharing, `blobs=cloudfront`', 'pull', PULLS, ONE, {
    host: servers(PULL_REQUESTS),
    remembers: false,
    downloads: cloudFront,
  }),
  planned('servers, `blobs=cloudfront`', 'pull', PULLS, ONE, {
    host: servers(PULL_REQUESTS),
    downloads: cloudFront,
  }),
  planned('`edgeCache=public`, new bucket', 'pull', PULLS, ONE, {
    edge: publicEdge,
    downloads: cloudFront,
    grown: false,
  }),
]

/** A million images, each with layers of its own. */
export const manyImages = (): readonly Planned[] => {
  const [even, skewed] = [uniform(MANY), zipf(MANY)]
  return [
    planned('all equally often, new bucket', 'pull', PULLS, even, { grown: false }),
    planned('all equally often', 'pull', PULLS, even),
    planned('by Zipf’s law, waits as of the SDK', 'pull', PULLS, skewed, { retries: SDK_RETRIES }),
    planned('by Zipf’s law', 'pull', PULLS, skewed),
    planned('by Zipf’s law, `blobs=cloudfront`', 'pull', PULLS, skewed, { downloads: cloudFront }),
    planned('by Zipf’s law, half as many, `blobs=cloudfront`', 'pull', PULLS / 2, skewed, {
      downloads: cloudFront,
    }),
    planned('by Zipf’s law, `edgeCache=public`', 'pull', PULLS, skewed, {
      edge: publicEdge,
      downloads: cloudFront,
    }),
  ]
}

/** Pushes of images whose layers are new. */
export const pushes = (): readonly Planned[] => {
  const share = { share: 5 }
  const even = uniform(MANY)
  return [
    planned('a million repositories, new bucket, 200 a second', 'push', 200, even, {
      share: 1,
      grown: false,
    }),
    planned('a million repositories, new bucket', 'push', PUSHES, even, { ...share, grown: false }),
    planned('a million repositories', 'push', PUSHES, even, share),
    planned('one repository', 'push', PUSHES, ONE, share),
  ]
}

/** Looks at one tag, by how many there are. */
export const SWEEP: readonly number[] = [2000, 4000, 5000, 6000, 8000, 16_000, 32_000]

/** HEADs of one tag alone, as schedulers and bots send them. */
export const sweep = (): readonly Planned[] =>
  SWEEP.map((rate) => planned(`${rate}`, 'check', rate, ONE))
