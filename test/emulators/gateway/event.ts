/**
 * Events of payload format 2.0, as the gateway makes them of requests.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Sent } from '../../support/hosts/host.ts'

/** A request that the gateway has received whole. */
export interface Received extends Pick<Sent, 'method' | 'target'> {
  /** By lower-case names; several lines are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly sourceIp: string
  /** Host name of the API. */
  readonly domain: string
}

/** What the gateway hands to a function as text; all else is base64. */
const isText = (contentType: string | undefined): boolean =>
  /^(?:text\/|application\/(?:json|javascript|xml)(?:;|$))/.test(contentType ?? '')

const singleQuery = (rawQueryString: string): Record<string, string> => {
  const query = new URLSearchParams(rawQueryString)
  return Object.fromEntries(
    [...new Set(query.keys())].map((key) => [key, query.getAll(key).join()]),
  )
}

/** The routes of the deployed API, which are compared with the path as it was sent: the worse of two. */
const routeOf = (path: string): string => (path === '/token' ? 'ANY /token' : '$default')

/** The event of a request. @param decodesPath see GatewayHabits */
export const eventOf = (received: Received, decodesPath: boolean): APIGatewayProxyEventV2 => {
  const { method, target, body, domain, sourceIp } = received
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  const rawQueryString = cut === -1 ? '' : target.slice(cut + 1)
  const rawPath = decodesPath ? decodeURIComponent(path) : path
  const headers: Record<string, string> = {
    host: domain,
    'x-forwarded-for': sourceIp,
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
    ...received.headers,
  }
  if (headers['content-length'] === '0') headers['content-type'] ??= 'application/octet-stream'
  const text = isText(headers['content-type'])
  return {
    version: '2.0',
    routeKey: routeOf(path),
    rawPath,
    rawQueryString,
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: singleQuery(rawQueryString) }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'a1b2c3d4e5',
      domainName: domain,
      domainPrefix: domain.split('.')[0] ?? '',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: `${randomBytes(11).toString('base64url')}=`,
      routeKey: routeOf(path),
      stage: '$default',
      time: '12/Mar/2026:19:03:58 +0000',
      timeEpoch: 1773342238000,
    },
    ...(body.byteLength === 0
      ? { isBase64Encoded: false }
      : { body: body.toString(text ? 'utf8' : 'base64'), isBase64Encoded: !text }),
  }
}
