/**
 * docs/observe.md and the dashboard name the metrics that there are.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createTable } from '../../functions/node/metrics/table.ts'

const read = (path: string): string =>
  readFileSync(join(import.meta.dirname, '../../docs', path), 'utf8')

interface Known {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** The library's own types leave some of it out. */
const METRICS = createTable().registry.getMetricsAsArray() as unknown as readonly Known[]
const names = METRICS.map(({ name }) => name)

test('the document has the table of metrics', () => {
  const rows = METRICS.map(({ name, labelNames, help }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${labels} | ${help} |`
  })
  const [, table = ''] = read('observe.md').match(/\| metric \|.*\n\|---.*\n((?:\|.*\n)+)/) ?? []
  expect(table.trim().split('\n')).toEqual(rows)
})

describe('the dashboard', () => {
  const text = read('grafana-dashboard.json')
  const { panels, templating } = JSON.parse(text) as {
    readonly panels: readonly {
      readonly title: string
      readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
    }[]
    readonly templating: { readonly list: readonly { readonly definition?: string }[] }
  }
  const queries = [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...templating.list.flatMap(({ definition }) => definition ?? []),
  ]
  const METRIC = /\b(?:registry|slipway|process|nodejs)_\w+/g
  const nameOf = (series: string): string => series.replace(/_(?:bucket|sum|count)$/, '')
  /** What Prometheus and histograms add. */
  const COMMON = ['job', 'instance', 'le']

  test.each(queries)('asks for metrics and labels that there are: %s', (query) => {
    const asked = [...query.matchAll(METRIC)].map(([series]) => nameOf(series))
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter((name) => !names.includes(name))).toEqual([])
    const known = METRICS.filter(({ name }) => asked.includes(name)).flatMap((m) => m.labelNames)
    const labels = [
      ...[...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...query.matchAll(/[{,](\w+)=/g)].map(([, label = '']) => label),
    ]
    expect(labels.filter((label) => ![...COMMON, ...known].includes(label))).toEqual([])
  })

  test('shows every metric, but when the process started', () => {
    const shown = new Set(queries.join(' ').match(METRIC)?.map(nameOf))
    expect(names.filter((name) => !shown.has(name))).toEqual(['process_start_time_seconds'])
  })
})

test('alerts of the document ask for metrics that there are', () => {
  const asked = read('observe.md').match(/\b(?:registry|slipway)_\w+/g) ?? []
  const unknown = asked.filter((name) => !names.includes(name) && name !== 'registry_')
  expect(unknown).toEqual([])
})
