/**
 * Spans, and which of them is under way where: OpenTelemetry's own objects, not its global ones, so that several
 * servers may be in one process.
 *
 * @module
 */

import {
  type Attributes,
  type Context,
  type Span,
  type SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions'

/** What a span of work has. */
export interface Work {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
}

/** Marks a span as failed. Messages may name keys and addresses, so that the kind of failure has to do. */
export const fail = (span: Span, type: string): void => {
  span.setAttribute(ATTR_ERROR_TYPE, type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

export interface Spans {
  /** The context of what runs now. */
  active(): Context
  /** Whether what runs now is part of a request that has a span. */
  within(): boolean
  /** Begins a span in a context. */
  begin(work: Work, parent: Context): Span
  /** Runs something in a span's context. */
  run<T>(span: Span, parent: Context, work: () => T): T
  /**
   * Runs something in a span of its own, if it is part of a request that has one.
   *
   * @param ended is told of the result, or of what was thrown, before the span ends
   */
  around<T>(
    work: Work,
    run: () => Promise<T>,
    ended: (span: Span, result: T | undefined, error: unknown) => void,
  ): Promise<T>
}

export const createSpans = (tracer: Tracer, manager: AsyncLocalStorageContextManager): Spans => {
  const active = (): Context => manager.active()
  const within = (): boolean => trace.getSpan(active()) !== undefined
  const begin = ({ name, ...options }: Work, parent: Context): Span =>
    tracer.startSpan(name, options, parent)
  const run = <T>(span: Span, parent: Context, work: () => T): T =>
    manager.with(trace.setSpan(parent, span), work)
  return {
    active,
    within,
    begin,
    run,
    async around(work, running, ended) {
      if (!within()) return running()
      const parent = active()
      const span = begin(work, parent)
      try {
        const result = await run(span, parent, running)
        ended(span, result, undefined)
        return result
      } catch (error) {
        ended(span, undefined, error)
        throw error
      } finally {
        span.end()
      }
    },
  }
}
