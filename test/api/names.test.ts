/**
 * Names and paths that are refused by every endpoint.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { blob, CONFIG, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { checkError, type Exchange, type Row, singles, table } from '../support/hosts/exchange.ts'

const { sha256 } = blob('nowhere', 1)
const LONGEST = 'n'.repeat(255)
const IMAGE = imageOf()

/** Requests below a name, by every endpoint that has one. */
const ENDPOINTS: readonly (readonly [method: string, path: string])[] = [
  ['GET', `blobs/${sha256}`],
  ['DELETE', `blobs/${sha256}`],
  ['POST', 'blobs/uploads/'],
  ['POST', `blobs/uploads/?mount=${sha256}&from=a`],
  ['POST', `blobs/uploads/?digest=${sha256}`],
  ['GET', `blobs/uploads/0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d`],
  ['GET', 'manifests/latest'],
  ['PUT', 'manifests/latest'],
  ['DELETE', 'manifests/latest'],
  ['GET', 'tags/list'],
  ['GET', `referrers/${sha256}`],
]

const LONG = singles(
  [256, 300].flatMap((length) =>
    ENDPOINTS.map(([method, path]): [string, Exchange] => [
      `${method} ${path.slice(0, 30)} of a name of ${length} characters`,
      {
        send: `${method} /v2/${'n'.repeat(length)}/${path}`,
        status: 400,
        error: 'NAME_INVALID',
        message: new RegExp(
          `"n{77}\\.\\.\\.": it has ${length} characters, at most 255 are allowed`,
        ),
      },
    ]),
  ),
)

const INVALID = [
  'A',
  'a//b',
  'a/B',
  '-a',
  'a-',
  'a..b',
  'a.-b',
  '_a',
  'a___b',
  'a/',
  '/a',
  'a b',
  'ä',
  'a:b',
  'a@b',
  '%',
  'a\\b',
  '$',
  'a\0b',
]
const NAMES = singles(
  INVALID.map((name): [string, Exchange] => [
    `the name ${JSON.stringify(name)}`,
    {
      send: `GET /v2/${name.replaceAll(/[^\w./-]/g, encodeURIComponent)}/tags/list`,
      status: 400,
      error: 'NAME_INVALID',
    },
  ]),
)

const VALID = [
  'a',
  '0',
  'a/b/c/d/e/f',
  'a.b',
  'a_b',
  'a__b',
  'a-b',
  'a---b',
  'library',
  'v2',
  'blobs/uploads',
  'tags/list',
  'manifests',
  LONGEST,
]
const TAKEN: readonly Row[] = VALID.map((name) => ({
  description: `the name ${name.slice(0, 20)} is as good as any`,
  steps: [
    putBlob(name, CONFIG),
    putManifest(name, 'v1', IMAGE),
    { send: `GET /v2/${name}/manifests/v1`, status: 200, answer: IMAGE.bytes },
    { send: `GET /v2/${name}/blobs/${CONFIG.sha256}`, status: 200, answer: CONFIG.bytes },
    { send: `GET /v2/${name}/tags/list`, status: 200, json: { name, tags: ['v1'] } },
  ],
}))

/** Paths with `..` in every spelling; a URL resolves some of them before anyone sees them. */
const CLIMBS = [
  '/v2/../v2/secret/tags/list',
  '/v2/a/../../etc/passwd',
  '/v2/a/../b/manifests/../../../../etc/passwd',
  '/v2/%2e%2e/%2e%2e/etc/passwd',
  '/v2/a/%2e%2e/b/tags/list',
  '/v2/a%2f..%2f..%2fb/tags/list',
  '/v2/..%2f..%2fetc/tags/list',
  '/v2/a/manifests/..',
  '/v2/a/manifests/%2e%2e',
  '/v2/a/manifests/..%2f..%2fx',
  '/v2/a/manifests/%2e%2e%2fx',
  '/v2/a/blobs/..%2f..%2f..%2fdata',
  '/v2/a/blobs/sha256:..%2f..%2fdata',
  '/v2/a/blobs/uploads/..%2f..',
  '/v2/a/tags/list?last=..%2f..%2fx',
  '/v2/_catalog?last=..%2f..%2f..%2fx',
  '//etc/passwd',
  '/v2//etc/passwd',
  '/v2/a/%00/tags/list',
  '/v2/a%0ab/tags/list',
  '/v2/a/manifests/%',
  '/v2/a/manifests/%zz',
  '/v2/a/manifests/%ff',
]

onEveryHost((host) => {
  table(host, [...LONG, ...NAMES, ...TAKEN])

  for (const target of CLIMBS) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      test(`${method} ${target} finds nothing and breaks nothing`, async () => {
        const answer = await host.send({ method, target })
        const { status, body } = answer
        const listing = target.includes('?last=')
        const allowed = [400, 404, 405, ...(listing && method === 'GET' ? [200] : [])]
        assert.ok(allowed.includes(status), `${status} ${body}`)
        const { errors, message } = JSON.parse(body.toString())
        // The gateway itself refuses what is not a URL.
        if (host.gateway && message) assert.equal(message, 'Bad Request')
        else if (status !== 200) checkError(answer, errors[0].code)
        if (status === 200) assert.doesNotMatch(body.toString(), /passwd|secret|data/)
      })
    }
  }
})
