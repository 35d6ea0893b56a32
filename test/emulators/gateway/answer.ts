/**
 * What the gateway makes of a function's result, and what it answers by itself.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Answer } from '../../support/hosts/host.ts'
import type { GatewayHabits } from './habits.ts'

/** An answer of the gateway's own. */
export const refusal = (status: number, message: string): Answer => {
  const body = Buffer.from(JSON.stringify({ message }))
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.byteLength) }
  return { status, headers: new Headers(headers), body }
}

/** Headers that no mapping may set, and whose fate nobody tells where a function sets them. */
const RESERVED =
  /^(?:access-control-.*|apigw-.*|authorization|connection|content-encoding|content-length|content-location|forwarded|keep-alive|origin|proxy-authenticate|proxy-authorization|te|trailers|transfer-encoding|upgrade|x-amz-.*|x-amzn-.*|x-forwarded-.*|via)$/i

/** The parameter mapping of the integration: by status, what is set from where. */
const RESPONSE_PARAMETERS: Readonly<
  Record<number, readonly { readonly destination: string; readonly source: string }[]>
> = {
  401: [
    {
      destination: 'overwrite:header.WWW-Authenticate',
      source: '$response.header.x-registry-challenge',
    },
  ],
}

const map = (headers: Headers, status: number): void => {
  for (const { destination, source } of RESPONSE_PARAMETERS[status] ?? []) {
    const [, to = ''] = destination.match(/^overwrite:header\.(.+)$/) ?? []
    const [, from = ''] = source.match(/^\$response\.header\.(.+)$/) ?? []
    assert.doesNotMatch(to, RESERVED)
    assert.doesNotMatch(from, RESERVED)
    const value = headers.get(from)
    if (value !== null) headers.set(to, value)
  }
}

/** The answer that the gateway makes of a result. */
export const answerOf = (
  method: string,
  result: APIGatewayProxyStructuredResultV2,
  { headLength, renamesChallenge }: GatewayHabits,
): Answer => {
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8')
  const status = result.statusCode ?? 200
  const headers = new Headers()
  for (const [name, value] of Object.entries(result.headers ?? {})) {
    if (!/^content-length$/i.test(name)) assert.doesNotMatch(name, RESERVED)
    headers.append(name, String(value))
  }
  const challenge = headers.get('WWW-Authenticate')
  if (renamesChallenge && challenge !== null) {
    headers.delete('WWW-Authenticate')
    headers.set('x-amzn-Remapped-WWW-Authenticate', challenge)
  }
  map(headers, status)

  const said = headers.get('Content-Length')
  if (method !== 'HEAD' && said !== null) assert.equal(Number(said), body.byteLength)
  const keeps = method !== 'HEAD' || headLength === 'kept'
  if (![204, 304].includes(status) && (said === null || !keeps)) {
    const zero = method === 'HEAD' && headLength === 'zero'
    headers.set('Content-Length', String(zero ? 0 : body.byteLength))
  }
  return { status, headers, body: method === 'HEAD' ? Buffer.alloc(0) : body }
}
