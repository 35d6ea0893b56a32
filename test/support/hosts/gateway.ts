/**
 * API Gateway's HTTP API in front of a Lambda function, as far as a function sees it: requests become
 * events of payload format 2.0, results become answers.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { ApiHandler } from '../../../functions/handlers/api.ts'
import type { Answer, Sent } from './host.ts'

/** Bytes of the request line and all headers together. */
const MAX_HEADERS = 10_240
/** Bytes of an event, and of a result, as JSON. */
const MAX_PAYLOAD = 6 * 1024 * 1024
const DOMAIN = 'registry.example.com'

/** What AWS does not say, so that both ways are tried. */
export interface GatewayHabits {
  /** Whether the path is decoded in the event. */
  readonly decodesPath: boolean
  /** Whether Content-Length is the handler's, or counted from the body, also at HEAD. */
  readonly contentLength: 'kept' | 'counted'
}

const isText = (contentType: string | undefined): boolean =>
  /^(?:text\/|application\/(?:json|javascript|xml)(?:;|$))/.test(contentType ?? '')

const joined = (sent: Sent): Record<string, string> =>
  Object.fromEntries(
    Object.entries(sent.headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : value.join(', '),
    ]),
  )

const bytesOf = async (body: Sent['body']): Promise<Buffer | undefined> => {
  if (body === undefined) return undefined
  return body instanceof Uint8Array ? Buffer.from(body) : buffer(body)
}

const singleQuery = (rawQueryString: string): Record<string, string> => {
  const query = new URLSearchParams(rawQueryString)
  return Object.fromEntries(
    [...new Set(query.keys())].map((key) => [key, query.getAll(key).join()]),
  )
}

/** The event that the gateway makes of a request. */
export const eventOf = async (
  sent: Sent,
  { decodesPath }: Pick<GatewayHabits, 'decodesPath'>,
): Promise<APIGatewayProxyEventV2> => {
  const { method, target } = sent
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  const rawQueryString = cut === -1 ? '' : target.slice(cut + 1)
  const rawPath = decodesPath ? decodeURIComponent(path) : path
  const body = await bytesOf(sent.body)
  const headers: Record<string, string> = {
    host: DOMAIN,
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
    ...joined(sent),
  }
  const sendsLength = body !== undefined || !['GET', 'HEAD', 'DELETE'].includes(method)
  if (sendsLength) headers['content-length'] ??= String(body?.byteLength ?? 0)
  if (headers['content-length'] === '0') headers['content-type'] ??= 'application/octet-stream'
  const text = isText(headers['content-type'])
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: singleQuery(rawQueryString) }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'a1b2c3d4e5',
      domainName: DOMAIN,
      domainPrefix: 'registry',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.7',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: `${randomBytes(11).toString('base64url')}=`,
      routeKey: '$default',
      stage: '$default',
      time: '12/Mar/2026:19:03:58 +0000',
      timeEpoch: 1773342238000,
    },
    ...(body === undefined || body.byteLength === 0
      ? { isBase64Encoded: false }
      : { body: body.toString(text ? 'utf8' : 'base64'), isBase64Encoded: !text }),
  }
}

/** An answer of the gateway's own. */
const refusal = (status: number, message: string): Answer => ({
  status,
  headers: new Headers({ 'Content-Type': 'application/json' }),
  body: Buffer.from(JSON.stringify({ message })),
})

/** The answer that the gateway makes of a result. */
const answerOf = (
  method: string,
  result: APIGatewayProxyStructuredResultV2,
  contentLength: GatewayHabits['contentLength'],
): Answer => {
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8')
  const headers = new Headers()
  for (const [name, value] of Object.entries(result.headers ?? {})) {
    headers.append(name, String(value))
  }
  const said = headers.get('Content-Length')
  if (method !== 'HEAD' && said !== null) assert.equal(Number(said), body.byteLength)
  const status = result.statusCode ?? 200
  const counts = said === null || contentLength === 'counted'
  if (counts && ![204, 304].includes(status)) {
    headers.set('Content-Length', String(body.byteLength))
  }
  return { status, headers, body: method === 'HEAD' ? Buffer.alloc(0) : body }
}

/** Sends a request through the gateway to a function. */
export const sendThrough = async (
  handler: ApiHandler,
  habits: GatewayHabits,
  sent: Sent,
): Promise<Answer> => {
  const lines = Object.entries(joined(sent)).map(([name, value]) => name.length + value.length + 4)
  const size = lines.reduce((sum, each) => sum + each, sent.method.length + sent.target.length + 11)
  if (size > MAX_HEADERS) return refusal(431, 'Request Header Fields Too Large')
  if (/%(?![0-9a-f]{2})|%ff/i.test(sent.target)) return refusal(400, 'Bad Request')
  const event = await eventOf(sent, habits)
  const json = JSON.stringify(event)
  if (json.length > MAX_PAYLOAD) return refusal(413, 'Request Entity Too Large')
  const result = await handler(JSON.parse(json), {} as Context)
  const reply = JSON.stringify(result)
  assert.ok(
    reply.length <= MAX_PAYLOAD,
    `a result of ${reply.length} bytes is too large for Lambda`,
  )
  return answerOf(sent.method, JSON.parse(reply), habits.contentLength)
}
