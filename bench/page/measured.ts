/**
 * The tables and charts of what was timed.
 *
 * @module
 */

import type { PeerName } from '../peers/peer.ts'
import type { Measured, Results } from '../results.ts'
import type { Chart, Group } from './chart.ts'
import { megabytes, short, table } from './markdown.ts'

/** Measurements that are shown together. */
export interface Theme {
  /** Name of the chart's file. */
  readonly id: string
  readonly title: string
  /** What is shown, and its unit. */
  readonly metric: 'seconds' | 'requestsPerSecond' | 'p99'
  readonly unit: string
  /** Ids begin with one of these. */
  readonly prefixes: readonly string[]
}

/** Titles of what is done, by the part of an id that names it. */
const WORDS: Readonly<Record<string, string>> = {
  'push-docker': 'push, docker-style',
  'push-containerd': 'push, containerd-style',
  'push-again': 'push again, unchanged',
  pull: 'pull',
  'push-together': '8 clients push at once',
  'pull-together': '8 clients pull at once',
  'push-docker-large-together': '8 large layers at once, docker-style',
  'push-containerd-large-together': '8 large layers at once, containerd-style',
  'manifest-by-tag': 'GET manifest by tag, always the same',
  'manifest-by-tags': 'GET manifest by tag, 100 in turn',
  'manifest-by-digest': 'GET manifest by digest',
  'blob-head': 'HEAD blob',
  'tags-list': 'GET tags/list, 100 tags',
  catalog: 'GET _catalog, 50 repositories',
  'crowd-file': '100 clients pull at once, on files',
  'crowd-s3': '100 clients pull at once, through the registry on S3',
  idle: 'GET manifest by tag, connections idle + active',
  'mixed-file': 'GET manifest by tag, on files',
  'mixed-s3': 'GET manifest by tag, on S3',
}

const layers = (subject: string): string =>
  subject.replace(/(\d+)x(\d+)(gb|mb|kb)/, (_, count, size, unit) =>
    [count, '×', size, unit.toUpperCase()].join(' '),
  )

/** What was done, by the id of its results. */
export const titleOf = (id: string): string => {
  const [, what = '', subject = ''] = id.split('/')
  return [WORDS[what] ?? what, layers(subject)].filter((part) => part !== '').join(', ')
}

const idsOf = ({ measured }: Results, { prefixes }: Theme): string[] => {
  const ids = new Set(measured.map(({ id }) => id))
  return [...ids].filter((id) => prefixes.some((prefix) => id.startsWith(prefix)))
}

const find = ({ measured }: Results, id: string, peer: PeerName): Measured | undefined =>
  measured.find((each) => each.id === id && each.peer === peer)

/** How many times as fast as this registry Slipway was: above 1, it was the faster one. */
export const speedup = ({ ratios }: Measured, metric: Theme['metric']): number | undefined => {
  const ratio = ratios[metric]
  if (ratio === undefined) return undefined
  return metric === 'requestsPerSecond' ? ratio : 1 / ratio
}

const flushesOf = ({ flushed = [] }: Results, { id, peer }: Measured): string => {
  const found = flushed.find((each) => each.id === id && each.peer === peer)
  if (found === undefined) return ''
  return ` · ${found.flushes} ${found.flushes === 1 ? 'flush' : 'flushes'}`
}

const cell = (results: Results, found: Measured | undefined, metric: Theme['metric']): string => {
  const summary = found?.values[metric]
  if (found === undefined || summary === undefined) return ''
  const { median, p10, p90 } = summary
  const ratio = speedup(found, metric)
  const compared = ratio === undefined ? '' : ` · ×${short(ratio)}`
  return `${short(median)} (${short(p10)}–${short(p90)})${compared}${flushesOf(results, found)}`
}

/** A theme's table: medians, tenth and ninetieth percentile, and how Slipway compares. */
export const themeTable = (results: Results, theme: Theme): string => {
  const { participants } = results
  const rows = idsOf(results, theme).map((id) => [
    titleOf(id),
    ...participants.map(({ peer }) => cell(results, find(results, id, peer), theme.metric)),
  ])
  return table([theme.unit, ...participants.map(({ title }) => title)], rows)
}

/** A theme's chart. */
export const themeChart = (results: Results, theme: Theme): Chart => ({
  title: `${theme.title}: ${theme.unit}, ${theme.metric === 'requestsPerSecond' ? 'more' : 'less'} is better`,
  groups: idsOf(results, theme).map(
    (id): Group => ({
      title: titleOf(id),
      bars: results.participants.flatMap(({ peer, title }) => {
        const summary = find(results, id, peer)?.values[theme.metric]
        if (summary === undefined) return []
        const { median, p10, p90 } = summary
        return [{ series: title, value: median, low: p10, high: p90, label: short(median) }]
      }),
    }),
  ),
})

/** A table of values that are shown as text. */
const valueTable = (
  results: Results,
  theme: Theme,
  head: string,
  text: (values: Measured['values']) => string,
): string => {
  const { participants } = results
  const rows = idsOf(results, theme).map((id) => [
    titleOf(id),
    ...participants.map(({ peer }) => {
      const found = find(results, id, peer)
      return found === undefined ? '' : text(found.values)
    }),
  ])
  return table([head, ...participants.map(({ title }) => title)], rows)
}

/** The CPU that servers used, and their memory at its highest and at the end. */
export const usageTable = (results: Results, theme: Theme): string =>
  valueTable(results, theme, 'CPU seconds · peak MB · MB at the end', (values) => {
    const { cpuSeconds, peakBytes, steadyBytes } = values
    if (!cpuSeconds || !peakBytes || !steadyBytes) return ''
    return `${short(cpuSeconds.median)} s · ${megabytes(peakBytes.p90)} · ${megabytes(steadyBytes.median)}`
  })

/** Milliseconds in which half, and 99 of 100 requests were answered. */
export const latencyTable = (results: Results, theme: Theme): string =>
  valueTable(results, theme, 'p50 · p99, milliseconds', ({ p50, p99 }) =>
    p50 && p99 ? `${short(p50.median)} · ${short(p99.median)}` : '',
  )

/** Idle connections that were still open in the end. */
export const openTable = (results: Results, theme: Theme): string =>
  valueTable(results, theme, 'idle connections still open at the end', ({ idleAtTheEnd }) =>
    idleAtTheEnd === undefined ? '' : idleAtTheEnd.median.toLocaleString('en-US'),
  )

/** Bytes that were pushed and pulled meanwhile. */
export const meanwhileTable = (results: Results, theme: Theme): string =>
  valueTable(results, theme, 'pushed · pulled meanwhile, MB a second', (values) => {
    const { pushedBytesPerSecond: pushed, pulledBytesPerSecond: pulled } = values
    return pushed && pulled ? `${megabytes(pushed.median)} · ${megabytes(pulled.median)}` : ''
  })
