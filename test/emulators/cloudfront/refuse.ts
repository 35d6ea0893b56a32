/**
 * What CloudFront answers by itself.
 *
 * @module
 */

import type { Behaviour } from './config.ts'
import type { Viewer } from './viewer.ts'

/** Bytes of the request line and all headers: "Maximum length of a request". */
export const MAX_REQUEST = 20_480
/** Bytes of a URL: "Maximum length of a URL". */
export const MAX_URL = 8_192

/** An answer with its body in memory. */
export interface Whole {
  readonly status: number
  /** Lower-case names; a name can be there more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** CloudFront's own page. */
export const refusal = (status: number, why: string): Whole => {
  const body = Buffer.from(`<HTML><H1>${status} ERROR</H1>${why}</HTML>\n`)
  const headers = [
    ['server', 'CloudFront'],
    ['content-type', 'text/html'],
    ['content-length', String(body.byteLength)],
    ['x-cache', 'Error from cloudfront'],
  ] as const
  return { status, headers, body }
}

/** What is refused before a behaviour is looked for. */
export const refuseEarly = ({ method, target, headers, hasBody }: Viewer): Whole | undefined => {
  if (Buffer.byteLength(target) > MAX_URL) return refusal(414, 'The URL is too long.')
  const size = headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    method.length + target.length + 12,
  )
  if (size > MAX_REQUEST) return refusal(494, 'Request header or cookie too large.')
  // "GET requests that include a body".
  if (method === 'GET' && hasBody) return refusal(403, 'Bad request: a GET with a body.')
  return undefined
}

/** "HTTP methods": what a behaviour does not allow. */
export const refuseMethod = ({ methods }: Behaviour, method: string): Whole | undefined =>
  methods.includes(method)
    ? undefined
    : refusal(403, 'This distribution is not configured to allow the HTTP request method.')
