/**
 * What CloudWatch counts of pulls from upstreams: only what there was since the line before, so that nothing is paid for
 * where there are none.
 *
 * @module
 */

import type { UpstreamWatch } from '../upstreams/watch.ts'
import { THROUGH, type Through } from './metric-names.ts'

/** Counts until it is asked. */
export interface UpstreamCounts {
  readonly watch: UpstreamWatch
  /** What was counted since the last call, and the metrics that it is. */
  take(): {
    readonly values: Readonly<Partial<Record<Through, number>>>
    readonly metrics: readonly (typeof THROUGH)[number][]
  }
}

const RESULTS = {
  hit: 'upstreamHits',
  miss: 'upstreamMisses',
  shared: 'upstreamMisses',
  stale: 'upstreamStale',
  failed: 'upstreamFailures',
} as const

/** Nothing yet. */
export const countUpstreams = (): UpstreamCounts => {
  let values: Partial<Record<Through, number>> = {}
  const add = (name: Through, count: number): void => {
    values[name] = (values[name] ?? 0) + count
  }
  return {
    watch: {
      asked(_, outcome) {
        if (outcome === 'busy' || outcome === 'away' || outcome === 'wrong') {
          add('upstreamErrors', 1)
        }
      },
      remaining(_, left) {
        values.upstreamRemaining = Math.min(values.upstreamRemaining ?? left, left)
      },
      pulled: (_, result) => add(RESULTS[result], 1),
      saved: (bytes) => add('upstreamSaved', bytes),
      fetching() {},
    },
    take() {
      const taken = values
      values = {}
      return { values: taken, metrics: THROUGH.filter(({ Name }) => taken[Name] !== undefined) }
    },
  }
}
