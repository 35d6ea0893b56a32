/**
 * Sends spans by OTLP over HTTP, as the variables of this process say it.
 *
 * @module
 */

import { parseKeyPairsIntoRecord } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { SpanExporter } from '@opentelemetry/sdk-trace'

/** @param headers reads more headers, in the form of `OTEL_EXPORTER_OTLP_HEADERS`, before each request */
export const openExporter = (headers: (() => Promise<string>) | undefined): SpanExporter =>
  new OTLPTraceExporter(
    headers === undefined ? {} : { headers: async () => parseKeyPairsIntoRecord(await headers()) },
  )
