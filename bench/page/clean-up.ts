/**
 * What runs of the clean-up cost, for docs/clean-up.md: a table, and a chart.
 *
 * @module
 */

import { costOfRun, type RunKind, STORES } from '../clean-up-costs.ts'
import { drawChart } from './chart.ts'
import { table } from './markdown.ts'

const round = (value: number): string => Math.round(value).toLocaleString('en-US')

const KINDS: readonly (readonly [RunKind, string])[] = [
  ['first', 'the first'],
  ['unchanged', 'nothing new'],
]

const rows = STORES.flatMap((stored) =>
  KINDS.map(([kind, title]) => ({ stored, title, kind, cost: costOfRun(stored, kind) })),
)

/** Calls, time and dollars of runs. */
export const runsTable = (): string =>
  table(
    [
      'repositories, links',
      'run',
      'LIST',
      'GET',
      'PUT',
      'seconds',
      'invocations',
      'S3',
      'Lambda',
      'together',
    ],
    rows.map(({ stored, title, cost: { calls, seconds, invocations, s3, lambda } }) => [
      `${round(stored.repositories)}, ${round(stored.links)}`,
      title,
      ...[calls.ListObjectsV2, calls.GetObject, calls.PutObject, seconds, invocations].map(
        (each = 0) => round(each),
      ),
      ...[s3, lambda, s3 + lambda].map((dollars) => `$${dollars.toFixed(4)}`),
    ]),
  )

/** MB of resident memory at its highest that were measured in first runs; docs/clean-up.md says how. */
const MEMORY: readonly (readonly [links: number, peak: number])[] = [
  [10_000, 156],
  [1_000_000, 178],
  [10_000_000, 210],
]

/** Memory and calls over links. */
export const runsChart = (): string =>
  drawChart({
    title: 'A run of the clean-up: memory, MB, and calls to S3, by links',
    groups: [
      {
        title: 'memory',
        bars: MEMORY.map(([links, peak]) =>
          bar('the first', peak, `${peak} MB, ${round(links)} links`),
        ),
      },
      ...STORES.map((stored) => ({
        title: `calls, ${round(stored.links)} links`,
        bars: rows
          .filter((each) => each.stored === stored)
          .map(({ title, cost: { calls } }) => {
            const total = Object.values(calls).reduce((sum, count) => sum + count, 0)
            return bar(title, total, round(total))
          }),
      })),
    ],
  })

const bar = (series: string, value: number, label: string) => ({
  series,
  value,
  low: value,
  high: value,
  label,
})
