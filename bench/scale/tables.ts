/**
 * The tables of docs/scale.md.
 *
 * @module
 */

import { short, table } from '../page/markdown.ts'
import { callTable } from './calls.ts'
import { cleanUpTable } from './growth.ts'
import { hourly } from './report.ts'
import type { Outcome } from './run.ts'
import type { Sources } from './scenario.ts'
import { thresholdTable } from './thresholds.ts'

/** What was simulated, by the parts of the page. */
export interface Simulated {
  readonly one: readonly Outcome[]
  readonly many: readonly Outcome[]
  readonly pushes: readonly Outcome[]
  readonly sweep: readonly Outcome[]
}

/** A number to three digits, with commas. */
const about = (value: number): string =>
  value < 1000 ? `${Number(short(value))}` : Number(value.toPrecision(3)).toLocaleString('en-US')

const percent = (share: number): string => {
  const value = share * 100
  if (value === 0) return '0'
  if (value < 0.1) return '< 0.1 %'
  return `${Number(value > 99 ? value.toFixed(1) : value.toPrecision(2))} %`
}

const milliseconds = (value: number | undefined): string =>
  value === undefined ? '–' : about(value)

const HEAD = [
  '',
  'done in 5 s',
  '429',
  '503',
  'refused by S3',
  'ms, half',
  '99 %',
  'calls to S3',
  'instances',
  'partitions (minutes)',
  'hottest key',
  '$ an hour',
]

const row = ({ planned, wanted, real, minutes }: Outcome): readonly string[] => [
  planned.scenario.title,
  percent(real.complete),
  percent(real.throttled),
  percent(real.failed),
  percent(real.slowDown),
  milliseconds(real.p50),
  milliseconds(real.p99),
  about(real.reads + real.writes),
  about(real.processes),
  planned.grown ? `${real.partitions} (${minutes})` : '1',
  wanted.hottest === undefined ? '–' : `${wanted.hottest.kind}, ${about(wanted.hottest.rate)}`,
  planned.scenario.host.kind === 'servers'
    ? `${about(hourly(real))} and servers`
    : about(hourly(real)),
]

const outcomes = (all: readonly Outcome[]): string => table(HEAD, all.map(row))

/** All tables, by the names that the page has for them. */
export const tablesOf = (
  simulated: Simulated,
  sources: Sources,
): Readonly<Record<string, string>> => ({
  calls: callTable(sources),
  one: outcomes(simulated.one),
  many: outcomes(simulated.many),
  pushes: outcomes(simulated.pushes),
  'clean-up': cleanUpTable(),
  thresholds: thresholdTable(sources.recorded),
})

/** A page with tables between its marks, `<!-- name -->` and `<!-- end -->`. @throws Error when one has no place */
export const withTables = (page: string, tables: Readonly<Record<string, string>>): string =>
  Object.entries(tables).reduce((text, [name, content]) => {
    const place = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- end -->)`)
    if (!place.test(text)) throw new Error(`scale.md has no place for the table ${name}`)
    return text.replace(
      place,
      (_, before: string, after: string) => `${before}\n\n${content}\n\n${after}`,
    )
  }, page)
