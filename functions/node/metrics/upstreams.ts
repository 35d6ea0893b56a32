/**
 * Counts what becomes of pulls from upstreams.
 *
 * @module
 */

import { OTHER } from '../../api/request-kind.ts'
import type { UpstreamWatch } from '../../upstreams/watch.ts'
import type { Table } from './table.ts'

/**
 * How many series of upstream and outcome there are at most; what comes on top is of the upstream `other`. A document
 * may have any number of upstreams.
 */
const MOST_EXACT = 20
/** Of how many upstreams it is shown how much they still give: hardly any says so. */
const MOST_REMAINING = 5

/** Counts in a table. */
export const countUpstreams = (table: Table): UpstreamWatch => {
  const exact = new Set<string>()
  const limited = new Set<string>()
  return {
    asked(upstream, outcome) {
      const key = `${upstream} ${outcome}`
      if (exact.size < MOST_EXACT) exact.add(key)
      table.asked.inc({ outcome, upstream: exact.has(key) ? upstream : OTHER })
    },
    remaining(upstream, left) {
      if (limited.size < MOST_REMAINING) limited.add(upstream)
      if (limited.has(upstream)) table.remaining.set({ upstream }, left)
    },
    pulled: (kind, result) => table.pulls.inc({ kind, result }),
    saved: (bytes) => table.saved.inc(bytes),
    fetching: (change) => table.fetching.inc(change),
  }
}
