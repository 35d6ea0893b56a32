/**
 * What a simulation has found. Rates are per second, of the whole; shares are from 0 to 1.
 *
 * @module
 */

import { FUNCTION_MEMORY } from '../costs.ts'
import { PRICES } from '../prices.ts'
import type { Demand } from './partitions.ts'
import type { Scenario } from './scenario.ts'

export interface Report {
  readonly scenario: Scenario
  /** Requests to the registry, those that an edge answers among them. */
  readonly requests: number
  /** Of these: answered by an edge; refused by the gateway or Lambda; failed because S3 refused. */
  readonly edge: number
  readonly throttled: number
  readonly failed: number
  /** Errands that were done within five seconds. */
  readonly complete: number
  /** Calls that S3 took. */
  readonly reads: number
  readonly writes: number
  /** The share of all calls that S3 refused. */
  readonly slowDown: number
  /** GETs of clients to S3 and to CloudFront. */
  readonly downloads: number
  readonly cdnDownloads: number
  /** Milliseconds of requests that were answered well. */
  readonly p50: number | undefined
  readonly p99: number | undefined
  /** Instances or servers at the end. */
  readonly processes: number
  /** Instances that work at once, on average. */
  readonly busy: number
  readonly hottest:
    | { readonly kind: string; readonly key: string; readonly rate: number }
    | undefined
  /** What S3 is asked for, without repetitions; one in so many, as simulated. */
  readonly demand: readonly Demand[]
  readonly partitions: number
}

const HOUR = 3600

/** Of a repository `<one>/<two>`, by the edge: bench/edge-costs.ts. */
const LOOKUPS = 3

/** Dollars an hour, without the bytes. What is refused costs nothing but the gateway's request. */
export const hourly = (report: Report): number => {
  const { scenario, requests, edge, throttled, reads, writes, busy, cdnDownloads } = report
  const passed = requests * (1 - edge)
  const s3 = reads * PRICES.s3Read.each + writes * PRICES.s3Write.each
  const lookedUp = PRICES.edgeFunction.each + LOOKUPS * PRICES.edgeLookup.each
  const atEdge = scenario.edge ? requests * (PRICES.edgeRequest.each + lookedUp) : 0
  const cdn = cdnDownloads * PRICES.edgeRequest.each
  const compute =
    scenario.host.kind === 'servers'
      ? 0
      : passed * PRICES.gatewayRequest.each +
        passed * (1 - throttled) * PRICES.lambdaRequest.each +
        busy * FUNCTION_MEMORY * PRICES.lambdaSecond.each
  return (s3 + atEdge + cdn + compute) * HOUR
}
