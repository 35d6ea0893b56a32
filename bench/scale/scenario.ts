/**
 * What is simulated, and from what.
 *
 * @module
 */

import type { Errand } from './errands.ts'
import type { Retries } from './instance.ts'
import type { Popularity } from './random.ts'
import type { Recorded } from './recorded.ts'

/** A Lambda function behind API Gateway. Rates are per second. */
export interface LambdaHost {
  readonly kind: 'lambda'
  readonly rate: number
  readonly burst: number
  readonly concurrency: number
  readonly perTenSeconds: number
  readonly requestsPerInstance: number
  /** Whether as many instances as are needed may start at once. */
  readonly warm: boolean
}

/** Node servers behind a load balancer. */
export interface ServersHost {
  readonly kind: 'servers'
  readonly count: number
}

export interface Scenario {
  readonly title: string
  readonly errand: Errand
  /** Errands a second. */
  readonly rate: number
  readonly popularity: Popularity
  readonly host: LambdaHost | ServersHost
  readonly retries: Retries
  /** Whether processes remember what they have seen. */
  readonly remembers: boolean
  /** One in so many of everything is simulated. */
  readonly share: number
  /** The share of a request that an edge answers itself, by how often its image is asked for a second. */
  readonly edge?: (request: string, rate: number) => number
  /** The share of downloads that CloudFront answers itself. */
  readonly downloads?: (rate: number) => number
  readonly seconds?: number
  readonly seed?: number
}

/** What was found out on real code. */
export interface Sources {
  readonly recorded: Recorded
  /** The key of a blob's data, as recorded. */
  readonly dataKey: string
  /** Milliseconds of the function's own work for a request. */
  readonly own: (request: string) => number
  /** Milliseconds more for the first request of an instance. */
  readonly coldStart: number
}
