/**
 * Events as API Gateway's HTTP API sends them, in full, in the shape of AWS's documentation of payload
 * format 2.0.
 *
 * @module
 */

import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** The route that the stack gives the token endpoint, which has a throttle of its own. */
const TOKEN_ROUTE = 'ANY /token'

const REQUEST_CONTEXT: APIGatewayProxyEventV2['requestContext'] = {
  accountId: '123456789012',
  apiId: 'r3pmxmplak',
  domainName: 'registry.example.com',
  domainPrefix: 'registry',
  http: {
    method: 'GET',
    path: '/v2/',
    protocol: 'HTTP/1.1',
    sourceIp: '203.0.113.24',
    userAgent: 'docker/29.7.2 go/go1.25 os/linux arch/amd64',
  },
  requestId: 'JKJaXmPLvHcESHA=',
  routeKey: '$default',
  stage: '$default',
  time: '12/Mar/2026:19:03:58 +0000',
  timeEpoch: 1773342238000,
}

const HEADERS = {
  'accept-encoding': 'gzip',
  host: 'registry.example.com',
  'user-agent': 'docker/29.7.2 go/go1.25 os/linux arch/amd64',
  'x-amzn-trace-id': 'Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e',
  'x-forwarded-for': '203.0.113.24',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
}

const http = (method: string, path: string) => ({
  ...REQUEST_CONTEXT,
  http: { ...REQUEST_CONTEXT.http, method, path },
})

/** Docker checks whether a manifest exists; several Accept lines are joined by commas. */
export const MANIFEST_HEAD: APIGatewayProxyEventV2 = {
  version: '2.0',
  routeKey: '$default',
  rawPath: '/v2/library/app/manifests/v1',
  rawQueryString: '',
  headers: {
    ...HEADERS,
    accept:
      'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json, */*',
  },
  requestContext: http('HEAD', '/v2/library/app/manifests/v1'),
  isBase64Encoded: false,
}

/** A manifest is pushed by digest with two tags; repeated parameters are joined by commas. */
export const manifestPut = (digest: string, bytes: Uint8Array): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: `/v2/library/app/manifests/${digest}`,
  rawQueryString: 'tag=v1&tag=latest',
  cookies: ['session=1', 'other=2'],
  headers: {
    ...HEADERS,
    'content-length': String(bytes.byteLength),
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
  },
  queryStringParameters: { tag: 'v1,latest' },
  requestContext: http('PUT', `/v2/library/app/manifests/${digest}`),
  body: Buffer.from(bytes).toString('base64'),
  isBase64Encoded: true,
})

/** An upload is started; the gateway adds a type for a body that does not exist. */
export const uploadPost = (): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: '/v2/library/app/blobs/uploads/',
  rawQueryString: '',
  headers: { ...HEADERS, 'content-length': '0', 'content-type': 'application/octet-stream' },
  requestContext: http('POST', '/v2/library/app/blobs/uploads/'),
  isBase64Encoded: false,
})

/** A blob is sent in one POST. */
export const blobPost = (digest: string, bytes: Uint8Array): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: '/v2/library/app/blobs/uploads/',
  rawQueryString: `digest=${encodeURIComponent(digest)}`,
  headers: {
    ...HEADERS,
    'content-length': String(bytes.byteLength),
    'content-type': 'application/octet-stream',
  },
  queryStringParameters: { digest },
  requestContext: http('POST', '/v2/library/app/blobs/uploads/'),
  body: Buffer.from(bytes).toString('base64'),
  isBase64Encoded: true,
})

/** A request without body or query; a client may send an X-Request-Id of its own. */
export const get = (
  path: string,
  headers: Record<string, string> = {},
): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: path === '/token' ? TOKEN_ROUTE : '$default',
  rawPath: path,
  rawQueryString: '',
  headers: { ...HEADERS, ...headers },
  requestContext: http('GET', path),
  isBase64Encoded: false,
})
