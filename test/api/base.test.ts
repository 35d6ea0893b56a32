/**
 * The base endpoint, what every answer carries, and paths and methods that there are not.
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
    'the version of the API is on every answer',
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
    'also on errors',
    {
      send: 'GET /v2/a/manifests/b',
      status: 404,
      error: 'MANIFEST_UNKNOWN',
      expect: { 'Docker-Distribution-Api-Version': 'registry/2.0' },
    },
  ],
  ['a person who looks', { send: 'GET /', status: 200, answer: /container registry/ }],
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

const METHODS: readonly (readonly [string, string, string])[] = [
  ['DELETE', '/v2/', 'GET, HEAD'],
  ['POST', '/v2/_catalog', 'GET, HEAD'],
  ['PUT', '/v2/a/b/tags/list', 'GET, HEAD'],
  ['DELETE', `/v2/a/referrers/${sha256}`, 'GET, HEAD'],
  ['POST', '/v2/a/manifests/v1', 'GET, HEAD, PUT, DELETE'],
  ['PATCH', '/v2/a/manifests/v1', 'GET, HEAD, PUT, DELETE'],
  ['GET', '/v2/a/blobs/uploads/', 'POST'],
  ['PUT', '/v2/a/blobs/uploads/', 'POST'],
  ['POST', `/v2/a/blobs/uploads/${UUID}`, 'GET, HEAD, PATCH, PUT, DELETE'],
  ['PUT', `/v2/a/blobs/${sha256}`, 'GET, HEAD, DELETE'],
  ['POST', `/v2/a/blobs/${sha256}`, 'GET, HEAD, DELETE'],
]

const NOT_ALLOWED = singles(
  METHODS.map(([method, path, allow]) => [
    `${method} ${path.slice(0, 40)} is not allowed`,
    {
      send: `${method} ${path}`,
      status: 405,
      error: 'UNSUPPORTED',
      expect: { Allow: allow },
      message: new RegExp(`^${method} is not allowed here, only ${allow}$`),
    },
  ]),
)

onEveryHost((host) => table(host, [...BASE, ...NOT_FOUND, ...NOT_ALLOWED]))
