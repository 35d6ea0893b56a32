/**
 * Spans for requests to other servers, such as issuers' for their keys; the trace goes along in `traceparent`.
 *
 * @module
 */

import { type Span, SpanKind, type TextMapPropagator, trace } from '@opentelemetry/api'
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions'
import { OUTGOING, type Sent } from '../shared/outgoing.ts'
import { fail, type Spans } from './spans.ts'

const begin = ({ method, url }: Sent, spans: Spans): Span =>
  spans.begin(
    {
      name: method,
      kind: SpanKind.CLIENT,
      attributes: {
        [ATTR_HTTP_REQUEST_METHOD]: method,
        // A query may be a secret.
        [ATTR_URL_FULL]: url.origin + url.pathname,
        [ATTR_SERVER_ADDRESS]: url.hostname,
        [ATTR_SERVER_PORT]: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      },
    },
    spans.active(),
  )

/** Follows those that requests of this server make. @returns a function that ends it */
export const followOutgoing = (spans: Spans, propagator: TextMapPropagator): (() => void) => {
  const underWay = new WeakMap<Sent, Span>()
  const subscribers = {
    start: (sent: Sent) => {
      if (!spans.within()) return
      const span = begin(sent, spans)
      underWay.set(sent, span)
      propagator.inject(trace.setSpan(spans.active(), span), sent.headers, {
        set: (headers: Record<string, string>, name, value) => {
          headers[name] = value
        },
      })
    },
    end: () => {},
    asyncStart: () => {},
    error: (sent: Sent & { readonly error: unknown }) => {
      const span = underWay.get(sent)
      if (span) fail(span, sent.error instanceof Error ? sent.error.name : 'Error')
    },
    asyncEnd: (sent: Sent & { readonly result?: unknown }) => {
      const span = underWay.get(sent)
      const { statusCode } = (sent.result ?? {}) as { readonly statusCode?: number }
      if (statusCode !== undefined) span?.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode)
      if (span && statusCode !== undefined && statusCode >= 400) fail(span, String(statusCode))
      span?.end()
    },
  }
  OUTGOING.subscribe(subscribers)
  return () => void OUTGOING.unsubscribe(subscribers)
}
