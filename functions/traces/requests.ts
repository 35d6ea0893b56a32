/**
 * A span for each request, with the attributes of OpenTelemetry's conventions for servers.
 *
 * @module
 */

import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type TextMapPropagator,
} from '@opentelemetry/api'
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '@opentelemetry/semantic-conventions'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { AppContext, AppEnv, Ending } from '../api/env.ts'
import { addressOf, methodOf, originOf } from '../api/middleware/permit.ts'
import { fail, type Spans } from './spans.ts'

/** Those of RFC 9110 and PATCH; a client may make up others, and names of spans have to be few. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

/** A route as the conventions write it: `/v2/{name}/tags/list`. Undefined where none fits the path. */
export const templateOf = (route: string): string | undefined =>
  route === '' || route.endsWith('*')
    ? undefined
    : route.replaceAll(/:(\w+)(?:\{[^}]+\})?/g, '{$1}')

const given = (entries: Readonly<Record<string, string | number | undefined>>): Attributes =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))

/** What is known at its beginning; samplers see it. Queries are left out: they carry upload states. */
const atStart = (c: AppContext): Attributes => {
  const method = methodOf(c)
  const known = METHODS.includes(method)
  const { protocol, hostname, port } = new URL(originOf(c))
  return given({
    [ATTR_HTTP_REQUEST_METHOD]: known ? method : '_OTHER',
    [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: known ? undefined : method,
    [ATTR_URL_PATH]: c.req.path,
    [ATTR_URL_SCHEME]: protocol.slice(0, -1),
    [ATTR_SERVER_ADDRESS]: hostname.replace(/^\[|\]$/g, ''),
    [ATTR_SERVER_PORT]: Number(port || (protocol === 'https:' ? 443 : 80)),
    [ATTR_USER_AGENT_ORIGINAL]: c.req.header('User-Agent'),
    'slipway.request.id': c.get('requestId'),
  })
}

const finish = (span: Span, c: AppContext, ending: Ending): void => {
  const { status } = c.res
  const bytes = c.env?.bytes?.()
  span.setAttributes(
    given({
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
      // Known late where a CDN is in front.
      [ATTR_CLIENT_ADDRESS]: addressOf(c),
      'http.request.size': bytes?.received,
      'http.response.size': bytes?.sent,
      'slipway.ending': ending === 'sent' ? undefined : 'client gone',
      ...(typeof ending === 'object' ? { 'slipway.ending': ending.reason } : {}),
    }),
  )
  if (status >= 500) fail(span, String(status))
  span.end()
}

/** The first middleware: a span for each request, as part of the trace that `traceparent` names. */
export const followRequests = (
  spans: Spans,
  propagator: TextMapPropagator,
): MiddlewareHandler<AppEnv> =>
  async function followRequests(c, next) {
    const { headers } = c.req.raw
    const parent = propagator.extract(ROOT_CONTEXT, headers, {
      get: (carrier: Headers, key) => carrier.get(key) ?? undefined,
      keys: (carrier: Headers) => [...carrier.keys()],
    })
    const attributes = atStart(c)
    const method = attributes[ATTR_HTTP_REQUEST_METHOD] === '_OTHER' ? 'HTTP' : methodOf(c)
    const span = spans.begin({ name: method, kind: SpanKind.SERVER, attributes }, parent)
    await spans.run(span, parent, next)
    const route = templateOf(routePath(c))
    if (route !== undefined) {
      span.setAttribute(ATTR_HTTP_ROUTE, route)
      span.updateName(`${method} ${route}`)
    }
    if (c.env?.ended === undefined) finish(span, c, 'sent')
    else void c.env.ended.then((ending) => finish(span, c, ending))
  }
