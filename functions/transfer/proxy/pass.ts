/**
 * Passes a request on to the registry as it is, and its response back.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Http } from '../registry/http.ts'

/** Headers that are of one connection (RFC 9110 7.6.1), or that the next request has its own of. */
const OWN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
])

/** Headers that are passed on. */
export const passedOn = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !OWN.has(name))
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )

const bodyOf = (request: IncomingMessage) => {
  const length = request.headers['content-length']
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(length ?? 0) > 0
  if (!hasBody) return {}
  const size = length === undefined ? undefined : Number(length)
  return { body: { size, open: () => request } }
}

/**
 * Passes a request on.
 *
 * @param authorization that it gets where it has none
 * @returns the response, whose body is still to be read
 */
export const passOn = (
  http: Http,
  origin: string,
  request: IncomingMessage,
  authorization: string | undefined,
): Promise<IncomingMessage> => {
  const shown = authorization === undefined ? {} : { authorization }
  return http.open({
    method: request.method ?? 'GET',
    url: `${origin}${request.url}`,
    headers: { ...shown, ...passedOn(request.headers) },
    ...bodyOf(request),
  })
}

/** Sends a response back. Locations on the registry become ones on the proxy. */
export const passBack = async (
  origin: string,
  answer: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { headers, statusCode = 502 } = answer
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || (OWN.has(name) && name !== 'content-length')) continue
    response.setHeader(name, value)
  }
  const { location } = headers
  if (location?.startsWith(`${origin}/`))
    response.setHeader('location', location.slice(origin.length))
  response.writeHead(statusCode)
  await pipeline(answer, response)
}
