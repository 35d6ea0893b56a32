/**
 * Requests at the endpoint: what it refuses by itself, and what it passes on.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { WebFunctionHabits } from './habits.ts'

/** W2 */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'DELETE']

/** W11 */
export const MAX_LINES = 6_300

/** A response of the endpoint's own. */
export interface Refusal {
  readonly status: number
  /** The value of `lambda-web-error-type`. */
  readonly type: string
}

/** What the endpoint says without asking the function, or undefined. @param host its own name */
export const refusalOf = (
  { httpVersion, method = '', headers, rawHeaders }: IncomingMessage,
  host: string,
  { refusesExpect }: WebFunctionHabits,
): Refusal | undefined => {
  // W1
  if (httpVersion !== '1.1') return { status: 505, type: 'HttpVersionNotSupported' }
  if (rawHeaders.length / 2 > MAX_LINES) return { status: 431, type: 'TooManyHeaders' }
  if (!METHODS.includes(method)) return { status: 400, type: 'MethodNotSupported' }
  // W5
  if (headers.host?.toLowerCase() !== host) return { status: 404, type: 'EndpointNotFound' }
  // W4
  const expects = headers.expect?.toLowerCase() === '100-continue'
  return expects && refusesExpect ? { status: 417, type: 'ExpectationFailed' } : undefined
}

/** W3 */
const REMOVED =
  /^(?:connection|keep-alive|upgrade|expect|te|trailer|proxy-.*|x-real-ip|x-http-method(?:-override)?|x-method-override|lambda-web-.*)$/

/** What the endpoint tells the function of a request. */
export interface Told {
  readonly requestId: string
  readonly endpointName: string
  /** Address of the caller. */
  readonly address: string
}

/** The headers of a request as the function gets them, as Node's `rawHeaders` has them. */
export const passedHeaders = (
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  { requestId, endpointName, address }: Told,
): string[] => {
  const named = (headers.connection ?? '').split(',').map((each) => each.trim().toLowerCase())
  const passed: string[] = []
  const hops: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    const lower = name.toLowerCase()
    if (REMOVED.test(lower) || named.includes(lower)) continue
    if (lower === 'x-forwarded-for') hops.push(value)
    else passed.push(name, value)
  }
  // W6, W7
  passed.push('X-Forwarded-For', [...hops, address].join(', '))
  passed.push('lambda-web-request-id', requestId, 'lambda-web-endpoint-name', endpointName)
  return passed
}
