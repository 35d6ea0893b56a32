/**
 * The charts of docs/scale.md.
 *
 * @module
 */

import { type Bar, drawChart, type Group } from '../page/chart.ts'
import type { Outcome } from './run.ts'
import type { Simulated } from './tables.ts'

const bar = (series: string, value: number, label: string): Bar => ({
  series,
  value,
  low: value,
  high: value,
  label,
})

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`

/** What became of the requests, group by group. */
const fates = (title: string, { real }: Outcome): Group => {
  const lost = real.throttled + real.failed
  return {
    title,
    most: 1,
    bars: [
      bar('answered', 1 - lost, percent(1 - lost)),
      bar('429: no instance', real.throttled, percent(real.throttled)),
      bar('503: S3 refused', real.failed, percent(real.failed)),
    ],
  }
}

/** Charts by their file names, without `.svg`. */
export const chartsOf = ({ one, sweep }: Simulated): Readonly<Record<string, string>> => ({
  'scale-tag': drawChart({
    title: 'HEADs of one tag a second, and what becomes of them',
    groups: sweep.map((outcome) =>
      fates(`${outcome.planned.scenario.rate.toLocaleString('en-US')} a second`, outcome),
    ),
  }),
  'scale-one-image': drawChart({
    title: '100,000 pulls of one image a second: done within five seconds',
    groups: one.map(({ planned, real }) => ({
      title: planned.scenario.title.replaceAll('`', ''),
      most: 1,
      bars: [bar('done', real.complete, percent(real.complete))],
    })),
  }),
})
