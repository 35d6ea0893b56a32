/**
 * Runs scenarios: first with an S3 without limits, to see what they ask for; then on a bucket that is new, or that S3 has
 * divided by what they ask for.
 *
 * @module
 */

import { S3, SPLIT } from './limits.ts'
import { createPartitions } from './partitions.ts'
import type { Report } from './report.ts'
import type { Sources } from './scenario.ts'
import type { Planned } from './scenarios.ts'
import { simulate } from './simulate.ts'

export interface Outcome {
  readonly planned: Planned
  /** With an S3 that takes everything: what is asked for if nothing fails. */
  readonly wanted: Report
  readonly real: Report
  /** Minutes until S3 has divided the bucket. */
  readonly minutes: number
}

/** More than anybody asks for. */
const BOUNDLESS = 1e12

/** Minutes that are simulated at most. */
const MOST_MINUTES = 600

/** Runs one. */
export const runPlanned = (planned: Planned, sources: Sources): Outcome => {
  const { scenario, grown } = planned
  const boundless = createPartitions({ reads: BOUNDLESS, writes: BOUNDLESS, ...SPLIT })
  const wanted = simulate(scenario, sources, boundless)
  const { share } = scenario
  const partitions = createPartitions({
    reads: S3.reads / share,
    writes: S3.writes / share,
    ...SPLIT,
  })
  const minutes = grown ? partitions.settle(wanted.demand, MOST_MINUTES) : 0
  return { planned, wanted, real: simulate(scenario, sources, partitions), minutes }
}
