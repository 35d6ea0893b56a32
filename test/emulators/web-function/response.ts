/**
 * Responses at the endpoint: what becomes of their headers.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { WebFunctionHabits } from './habits.ts'

/** W8 */
const SCOPED =
  /^(?:connection|keep-alive|upgrade|te|trailer|transfer-encoding|proxy-(?:connection|authenticate)|lambda-web-.*)$/

/** What the endpoint adds to a response. */
export interface Added {
  readonly requestId: string
  readonly logStream?: string
  readonly errorType?: string
}

/** The headers that the endpoint adds, as Node's `rawHeaders` has them. */
export const addedHeaders = ({ requestId, logStream, errorType }: Added): string[] => [
  ...['lambda-web-request-id', requestId],
  ...(logStream === undefined ? [] : ['lambda-web-logstream', logStream]),
  ...(errorType === undefined ? [] : ['lambda-web-error-type', errorType]),
]

/** Those of the function's response as clients get them. */
export const headersOf = (
  method: string,
  { headers, rawHeaders, statusCode }: IncomingMessage,
  { headLength, renamesChallenge }: WebFunctionHabits,
): string[] => {
  const named = (headers.connection ?? '').split(',').map((each) => each.trim().toLowerCase())
  const passed: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    const lower = name.toLowerCase()
    if (SCOPED.test(lower) || named.includes(lower)) continue
    const changed = method === 'HEAD' && headLength !== 'kept'
    if (lower === 'content-length' && changed) continue
    if (lower === 'www-authenticate' && renamesChallenge) {
      passed.push('x-amzn-Remapped-WWW-Authenticate', value)
    } else passed.push(name, value)
  }
  const hasLength = ![204, 304].includes(statusCode ?? 0)
  if (method === 'HEAD' && headLength === 'zero' && hasLength) {
    passed.push('Content-Length', '0')
  }
  return passed
}
