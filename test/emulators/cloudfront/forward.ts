/**
 * What of a viewer's request goes to the origin: "How CloudFront processes and forwards requests to your
 * custom origin".
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { Behaviour } from './config.ts'
import { includes } from './policies.ts'
import { type Header, splitTarget, type Viewer } from './viewer.ts'

/** "HTTP request headers and CloudFront behavior": removed whatever the policies say. */
const REMOVED =
  /^(?:connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|x-amz-cf-.*|x-edge-.*|x-real-ip|via|x-forwarded-for|x-forwarded-proto|host)$/

/** The same table: forwarded whatever the policies say. */
const KEPT =
  /^(?:content-length|transfer-encoding|content-type|content-md5|range|if-match|if-none-match|if-modified-since|if-unmodified-since|if-range|date|from)$/

/** Which parameters a bucket never gets by one of AWS's own policies: "Use managed origin request policies". */
const NOT_FOR_BUCKETS = /^response-content-(?:type|disposition|encoding)$/

/** The query as the origin gets it. */
const queryTo = ({ cache, toOrigin, origin }: Behaviour, query: string): string => {
  const passed = query.split('&').filter((pair) => {
    const name = decodeURIComponent(pair.split('=')[0] ?? '')
    if (pair === '') return false
    if (includes(cache.query, name)) return true
    if (toOrigin.managed && origin.isBucket && NOT_FOR_BUCKETS.test(name)) return false
    return includes(toOrigin.query, name)
  })
  return passed.length === 0 ? '' : `?${passed.join('&')}`
}

/** The target as the origin gets it. */
export const targetTo = (behaviour: Behaviour, target: string): string => {
  const [path, query] = splitTarget(target)
  return behaviour.origin.path + path + queryTo(behaviour, query)
}

/** The headers as the origin gets them. */
export const headersTo = (behaviour: Behaviour, viewer: Viewer): Header[] => {
  const { cache, toOrigin, origin } = behaviour
  const wanted = (name: string): boolean => {
    if (name === 'cookie') return toOrigin.cookies.kind === 'all'
    return KEPT.test(name) || includes(cache.headers, name) || includes(toOrigin.headers, name)
  }
  const own: Record<string, string> = {
    host: origin.domain,
    via: '1.1 0123456789abcdef.cloudfront.net (CloudFront)',
    'x-amz-cf-id': randomBytes(40).toString('base64'),
    // "Client IP addresses": after what the viewer sent.
    'x-forwarded-for': [
      ...viewer.headers.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value),
      viewer.ip,
    ].join(', '),
    // "Add custom headers to origin requests": in place of a viewer's.
    ...origin.headers,
  }
  const passed = viewer.headers.filter(
    ([name]) => !REMOVED.test(name) && !Object.hasOwn(own, name) && wanted(name),
  )
  const named = passed.some(([name]) => name === 'user-agent')
  return [
    ...passed,
    ...Object.entries(own),
    // "User-Agent header".
    ...(named ? [] : [['user-agent', 'Amazon CloudFront'] as const]),
  ]
}
