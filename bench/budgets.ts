/**
 * What Slipway may cost at most, in calls to S3 and in memory. Never in time: that depends on the
 * machine.
 *
 * @module
 */

import { totalOf } from './calls.ts'
import type { Results } from './results.ts'

/**
 * Most calls to S3 of a request, by what results call it. How many of them wait for one another is seen
 * by their times, and tested in test/budgets.
 */
const CALLS: Readonly<Record<string, number>> = {
  'layer-docker-1mib': 5,
  'layer-containerd-1mib': 4,
  'manifest-put-20-layers': 46,
  'manifest-by-tag': 2,
  'manifest-by-digest': 2,
  'blob-head': 2,
  'blob-get': 1,
  'tags-list': 1,
}

/** Most bytes of resident memory with eight large pushes at once, with many clients, and of a clean-up. */
const MEMORY = 300e6

/** Most calls of a page of tags or repositories, however many there are. */
const PAGE_CALLS = 1

const callsOver = ({ counted }: Results): string[] =>
  counted
    .filter(({ peer }) => peer === 'slipway')
    .flatMap(({ id, calls }) => {
      const most = CALLS[id] ?? Infinity
      const total = totalOf(calls)
      // What the first of its kind costs is never nothing: then the counting is wrong.
      if (total === 0 && id in CALLS) return [`${id}: no call was seen`]
      return total <= most ? [] : [`${id}: ${total} calls, not ${most}`]
    })

const memoryOver = ({ measured }: Results): string[] =>
  measured
    .filter(({ peer, id }) => peer === 'slipway' && /^(memory|many)\//.test(id))
    .flatMap(({ id, values }) => {
      const peak = values.peakBytes?.p90 ?? Infinity
      return peak <= MEMORY ? [] : [`${id}: ${peak / 1e6} MB of memory, not ${MEMORY / 1e6}`]
    })

const pagesOver = ({ grown }: Results): string[] =>
  grown
    .filter(({ of, operation }) => of !== 'referrers' && /page/.test(operation))
    .flatMap(({ of, entries, operation, calls }) => {
      const total = totalOf(calls)
      if (total <= PAGE_CALLS) return []
      return [`${operation} of ${entries} ${of}: ${total} calls, not ${PAGE_CALLS}`]
    })

/** Calls of a run with nothing new that are neither listings nor grow with the store. */
const REST = 40

const cleanUpOver = ({ cleanedUp = [] }: Results): string[] =>
  cleanedUp.flatMap(({ run, repositories, peakBytes, calls }) => {
    const about = `clean-up of ${repositories} repositories, ${run}`
    const { ListObjectsV2 = 0 } = calls
    const rest = totalOf(calls) - ListObjectsV2
    return [
      ...(peakBytes <= MEMORY ? [] : [`${about}: ${peakBytes / 1e6} MB, not ${MEMORY / 1e6}`]),
      ...(run !== 'unchanged' || rest <= REST + repositories / 1000
        ? []
        : [`${about}: ${rest} calls beside listings`]),
    ]
  })

const failed = ({ failures }: Results): string[] =>
  failures.filter(({ peer }) => peer === 'slipway').map(({ id, why }) => `${id} failed: ${why}`)

/** A line for each budget that is exceeded, and for each step that failed. */
export const exceeded = (results: Results): readonly string[] => [
  ...failed(results),
  ...callsOver(results),
  ...memoryOver(results),
  ...pagesOver(results),
  ...cleanUpOver(results),
]
