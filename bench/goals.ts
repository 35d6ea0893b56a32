/**
 * What Slipway is meant to reach beside the best other registry, and whether it does.
 *
 * @module
 */

import { totalOf } from './calls.ts'
import { short } from './page/markdown.ts'
import { speedup, titleOf } from './page/measured.ts'
import type { Measured, Results } from './results.ts'
import { REFERRERS } from './workloads/referrers.ts'

/** A row of the table, as text. */
export interface Row {
  readonly row: string
  /** What Slipway reached: how many times as fast as the best other registry, or a figure with its unit. */
  readonly reached: string
  /** Flushes to the disk: Slipway's, and those of that registry. */
  readonly flushes: string
  readonly goal: string
  readonly verdict: string
}

interface Goal {
  /** Where it is stored, as the table calls it, and what ids begin with. */
  readonly store: string
  readonly prefix: string
  readonly metric: 'seconds' | 'requestsPerSecond'
  readonly atLeast: number
  /** The goal where the other registry flushes as much. */
  readonly atLeastIfFlushed?: number
  /** Subjects, where not all have it. */
  readonly of?: RegExp
}

/** Comparisons. */
const GOALS: readonly Goal[] = [
  {
    store: 'files',
    prefix: 'files/push-docker/',
    metric: 'seconds',
    atLeast: 1,
    atLeastIfFlushed: 1.2,
  },
  ...['manifest-by-tag', 'manifest-by-tags', 'manifest-by-digest', 'blob-head'].map(
    (what): Goal => ({
      store: 'files',
      prefix: `files/${what}`,
      metric: 'requestsPerSecond',
      atLeast: 1.2,
      of: new RegExp(`/${what}$`),
    }),
  ),
  { store: 'S3', prefix: 's3/pull/', metric: 'seconds', atLeast: 1, of: /x10kb$/ },
  { store: 'S3', prefix: 's3/push-again/', metric: 'seconds', atLeast: 1 },
  { store: 'S3', prefix: 's3/blob-head', metric: 'requestsPerSecond', atLeast: 1.5 },
  { store: 'S3', prefix: 's3/push-docker/', metric: 'seconds', atLeast: 2, of: /\/1x/ },
]

/** Registries that count: 2.8 is the older version of one of them. */
const counts = ({ peer }: Measured): boolean => peer === 'distribution' || peer === 'zot'

const verdictOf = (reached: boolean, less: boolean): string => {
  if (!reached) return 'behind'
  // No row is won by flushing less.
  return less ? 'flushes less' : 'met'
}

const compare = (results: Results, goal: Goal, id: string): Row[] => {
  const { measured, participants, flushed = [] } = results
  const rivals = measured.filter((each) => each.id === id && counts(each))
  const ratios = rivals.flatMap((rival) => {
    const ratio = speedup(rival, goal.metric)
    return ratio === undefined ? [] : [{ peer: rival.peer, ratio }]
  })
  const [best] = ratios.toSorted((a, b) => a.ratio - b.ratio)
  if (best === undefined) return []
  const flushesOf = (peer: string) =>
    flushed.find((each) => each.id === id && each.peer === peer)?.flushes
  const [ours, theirs] = [flushesOf('slipway'), flushesOf(best.peer)]
  const known = ours !== undefined && theirs !== undefined
  const { atLeast, atLeastIfFlushed } = goal
  const least = known && theirs >= ours ? (atLeastIfFlushed ?? atLeast) : atLeast
  const title = participants.find(({ peer }) => peer === best.peer)?.title ?? best.peer
  return [
    {
      row: `${goal.store}: ${titleOf(id)}`,
      reached: `×${short(best.ratio)} ${title}`,
      flushes: known ? `${ours} : ${theirs}` : '',
      goal: `≥ ×${least}`,
      verdict: verdictOf(best.ratio >= least, known && ours < theirs),
    },
  ]
}

/** A figure that is to be no larger than something. */
interface Figure {
  readonly row: string
  readonly value: number | undefined
  readonly most: number
  readonly unit: string
}

const figuresOf = ({
  measured,
  invoked,
  startBytes,
  referrerCalls,
}: Results): readonly Figure[] => {
  const get = 'GET manifest by tag'
  const cold = invoked.find(({ request, start }) => request === get && start === 'cold')
  const rest = measured.find(({ id, peer }) => id === 's3/rest' && peer === 'slipway')
  return [
    {
      row: `Lambda: cold start to the answer of ${get}, own time`,
      value: cold?.milliseconds.median,
      most: 100,
      unit: 'ms',
    },
    {
      row: 'Lambda: code that a cold start reads',
      value: startBytes && startBytes / 1000,
      most: 700,
      unit: 'kB',
    },
    {
      row: 'memory at rest, on S3',
      value: rest?.values.steadyBytes && rest.values.steadyBytes.median / 1e6,
      most: 70,
      unit: 'MB',
    },
    {
      row: `first page of ${REFERRERS} referrers, nothing remembered`,
      value: referrerCalls && totalOf(referrerCalls),
      most: 2,
      unit: 'calls',
    },
  ]
}

/** All rows that a run has figures of. */
export const goalRows = (results: Results): readonly Row[] => {
  const ids = [...new Set(results.measured.map(({ id }) => id))]
  const compared = GOALS.flatMap((goal) =>
    ids
      .filter((id) => id.startsWith(goal.prefix) && (goal.of?.test(id) ?? true))
      .flatMap((id) => compare(results, goal, id)),
  )
  const figures = figuresOf(results).flatMap(({ row, value, most, unit }) =>
    value === undefined
      ? []
      : [
          {
            row,
            reached: `${short(value)} ${unit}`,
            flushes: '',
            goal: `≤ ${most} ${unit}`,
            verdict: verdictOf(value <= most, false),
          },
        ],
  )
  return [...compared, ...figures]
}

const HEAD: Row = {
  row: 'row',
  reached: 'reached',
  flushes: 'flushes',
  goal: 'goal',
  verdict: 'verdict',
}

const COLUMNS = ['row', 'reached', 'flushes', 'goal', 'verdict'] as const

/** The rows for a terminal. */
export const goalTable = (results: Results): string => {
  const rows = [HEAD, ...goalRows(results)]
  const widths = COLUMNS.map((column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      COLUMNS.map((column, at) => row[column].padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
