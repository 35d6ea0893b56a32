/**
 * Spans that could not be sent: a line of the log, and no more than one a minute, however long a collector is away.
 *
 * @module
 */

import { ExportResultCode } from '@opentelemetry/core'
import type { SpanExporter } from '@opentelemetry/sdk-trace'

/** Milliseconds between two lines. */
const EVERY = 60_000

/** Why a request failed, in a line. Errors of several addresses have no message of their own. */
const reasonOf = (error: (Error & { readonly code?: unknown }) | undefined): string =>
  error?.message || String(error?.code ?? 'unknown')

/**
 * The same exporter.
 *
 * @param report is told how many spans were lost since the last time, and why the last ones were
 * @param now clock in milliseconds
 */
export const reportingLosses = (
  exporter: SpanExporter,
  report: (lost: number, why: string) => void,
  now: () => number = () => performance.now(),
): SpanExporter => {
  let lost = 0
  let next = Number.NEGATIVE_INFINITY
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) {
          lost += spans.length
          if (now() >= next) {
            report(lost, reasonOf(result.error))
            next = now() + EVERY
            lost = 0
          }
        }
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}
