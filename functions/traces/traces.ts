/**
 * Traces of requests: what they are made of, and where they go. Loaded only where they are wanted.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type TextMapPropagator, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { MiddlewareHandler } from 'hono'
import type { AppEnv, RequestLogger } from '../api/env.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type Access, followAccess } from './access.ts'
import { readTraceConfig } from './config.ts'
import { openExporter } from './exporter.ts'
import { followOutgoing } from './outgoing.ts'
import { withPatience } from './patience.ts'
import { reportingLosses } from './report.ts'
import { followRequests } from './requests.ts'
import { createSpans } from './spans.ts'
import { followStore } from './store.ts'
import type { Environment } from './wanted.ts'

/** Milliseconds that the end of a server waits until the last spans are sent. */
const LAST = 5000

/** What a host follows its requests with. */
export interface Traces {
  /** The first middleware. */
  readonly requests: MiddlewareHandler<AppEnv>
  /** The same access control. */
  readonly access: <A extends Access>(access: A) => A
  /** The same store. */
  readonly store: (store: ObjectStore, kind: 's3' | 'file') => ObjectStore
  /** Trace and span of what runs now, for each line of the log. */
  ids(): Readonly<Record<'trace_id' | 'span_id', string>> | Record<never, never>
  /** Sends what there is, for half a second at most, and not at all soon after that was too short. Never fails. */
  flush(): Promise<void>
  /** The same at the end, for some seconds at most. */
  stop(): Promise<void>
}

export interface TracesOptions {
  /** See {@link openExporter}. */
  readonly headers?: (() => Promise<string>) | undefined
  /** Default: OTLP over HTTP, by the variables of this process. */
  readonly exporter?: SpanExporter
}

/** Opens traces as the standard variables say. */
export const openTraces = (
  env: Environment,
  logger: Pick<RequestLogger, 'warn'>,
  { headers, exporter = openExporter(headers) }: TracesOptions = {},
): Traces => {
  const config = readTraceConfig(env, (variable, why) =>
    logger.warn({ variable, why }, 'a variable of OpenTelemetry has no effect'),
  )
  const reporting = reportingLosses(exporter, (lost, why) =>
    logger.warn({ lost, why }, 'traces could not be sent'),
  )
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(config.resource)),
    sampler: config.sampler,
    spanLimits: { attributeValueLengthLimit: config.longest },
    // It keeps some thousand spans at most, and drops those beyond.
    spanProcessors: [new BatchSpanProcessor({ ...config.batch, exporter: reporting })],
  })
  const manager = new AsyncLocalStorageContextManager().enable()
  const spans = createSpans(provider.getTracer('slipway'), manager)
  const propagator: TextMapPropagator = config.propagates
    ? new W3CTraceContextPropagator()
    : new CompositePropagator({ propagators: [] })
  const endOutgoing = followOutgoing(spans, propagator)
  return {
    requests: followRequests(spans, propagator),
    access: (access) => followAccess(access, spans),
    store: (store, kind) => followStore(store, kind, spans),
    ids() {
      const span = trace.getSpan(manager.active())?.spanContext()
      return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId }
    },
    flush: withPatience(() => provider.forceFlush()),
    async stop() {
      endOutgoing()
      // What is lost then, the log has.
      const sent = provider.shutdown().catch(() => {})
      await Promise.race([sent, sleep(LAST, undefined, { ref: false })])
      manager.disable()
    },
  }
}
