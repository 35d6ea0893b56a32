/**
 * A collector that is away: one line a minute, nothing waits, and no more than some thousand spans are kept.
 *
 * @module
 */

import { ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { reportingLosses } from '../../functions/traces/report.ts'

const failing = (error: Error): SpanExporter => ({
  export: (_, done) => done({ code: ExportResultCode.FAILED, error }),
  shutdown: async () => {},
})

test('what is lost is said once a minute, with its number', () => {
  const said: (readonly [number, string])[] = []
  let now = 0
  const away = new Error('connect ECONNREFUSED')
  const exporter = reportingLosses(
    failing(away),
    (...line) => void said.push(line),
    () => now,
  )
  const lose = (count: number): void => exporter.export(Array<ReadableSpan>(count), () => {})
  for (now of [0, 10_000, 59_999, 60_000, 130_000]) lose(2)
  expect(said).toEqual([
    [2, away.message],
    [6, away.message],
    [2, away.message],
  ])
})

test('errors of several addresses have no message of their own', () => {
  const said: string[] = []
  const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })
  const exporter = reportingLosses(failing(error), (_, why) => void said.push(why))
  exporter.export([], () => {})
  expect(said).toEqual(['ECONNREFUSED'])
})
