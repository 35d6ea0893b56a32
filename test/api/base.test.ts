/**
 * The base endpoint, headers of every response, and unknown paths and methods.
 *
 * @module
 */

import { blob } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { singles, table } from '../support/hosts/exchange.ts'

const { sha256 } = blob('nowhere', 1)
const UUID = '0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'

const BASE = singles([
  ['base', { send: 'GET /v2/', status: 200, json: {} }],
  ['base without its slash', { send: 'GET /v2', status: 200, json: {} }],
  ['HEAD of base', { send: 'HEAD /v2/', status: 200 }],
  [
    'every response has the version of the API',
    {
      send: 'GET /v2/',
      status: 200,
      expect: {
        'Docker-Distribution-Api-Version': 'registry/2.0',
        'X-Content-Type-Options': 'nosniff',
        'X-Request-Id': /^[\w=-]{10,}$/,
      },
    },
  ],
  [
    'errors, too',
    {
      send: 'GET /v2/a/manifests/b',
      status: 404,
      error: 'MANIFEST_UNKNOWN',
      expect: { 'Docker-Distribution-Api-Version': 'registry/2.0' },
    },
  ],
  ...['GET /livez', 'HEAD /livez', 'GET /readyz', 'HEAD /readyz'].map(
    (send) =>
      [
        `${send}, for those who look whether it serves`,
        {
          send,
          status: 200,
          expect: {
            'Cache-Control': 'no-store',
            'Content-Type': /^text\/plain/,
            'Docker-Distribution-Api-Version': 'registry/2.0',
            'X-Content-Type-Options': 'nosniff',
          },
        },
      ] as const,
  ),
  ['the root, in a browser', { send: 'GET /', status: 200, answer: /container registry/ }],
])

const UNKNOWN = ['/nothing', '/v1/', '/v2/a', '/v2/a/b/c', '/v2/a/tags', '/v2/a/blobs', '/v3/'].map(
  (path): [string, string] => [path, path],
)

const NOT_FOUND = singles(
  UNKNOWN.map(([name, path]) => [
    `there is nothing at ${name}`,
    { send: `GET ${path}`, status: 404, error: 'UNSUPPORTED', message: /there is nothing at/ },
  ]),
)

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const ALLOWED: readonly (readonly [path: string, allow: string])[] = [
  ['/v2/', 'GET, HEAD'],
  ['/v2/_catalog', 'GET, HEAD'],
  ['/v2/a/b/tags/list', 'GET, HEAD'],
  [`/v2/a/referrers/${sha256}`, 'GET, HEAD'],
  ['/v2/a/manifests/v1', 'GET, HEAD, PUT, DELETE'],
  ['/v2/a/blobs/uploads/', 'POST'],
  [`/v2/a/blobs/uploads/${UUID}`, 'GET, HEAD, POST, PATCH, PUT, DELETE'],
  [`/v2/a/blobs/${sha256}`, 'GET, HEAD, DELETE'],
  ['/v2/a/manifests/tags/list', 'GET, HEAD'],
  ['/v2/blobs/uploads/manifests/v1', 'GET, HEAD, PUT, DELETE'],
]

const NOT_ALLOWED = ALLOWED.flatMap(([path, allow]) =>
  METHODS.filter((method) => !allow.split(', ').includes(method)).map(
    (method): [string, string, string] => [method, path, allow],
  ),
)
// Without its slash it is the path of a blob, though POST is accepted there.
NOT_ALLOWED.push(['PUT', '/v2/a/blobs/uploads', 'GET, HEAD, DELETE'])

const REFUSED = singles(
  NOT_ALLOWED.map(([method, path, allow]) => [
    `${method} ${path.slice(0, 40)} is not allowed`,
    {
      send: `${method} ${path}`,
      status: 405,
      expect: { Allow: allow },
      // A response to HEAD has no body.
      ...(method === 'HEAD'
        ? {}
        : {
            error: 'UNSUPPORTED' as const,
            message: new RegExp(`^${method} is not allowed here, only ${allow}$`),
          }),
    },
  ]),
)

const ELSEWHERE = singles(
  ['POST /v2', 'DELETE /', 'POST /livez', 'GET /readyz/', 'PUT /v2/a', 'POST /nothing'].map(
    (send) => [
      `${send} finds nothing`,
      { send, status: 404, error: 'UNSUPPORTED', expect: { Allow: null } },
    ],
  ),
)

onEveryHost((host) => table(host, [...BASE, ...NOT_FOUND, ...REFUSED, ...ELSEWHERE]))
