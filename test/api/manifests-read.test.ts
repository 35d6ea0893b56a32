/**
 * Reading and deleting manifests: negotiation, conditions, unknown ones.
 *
 * @module
 */

import { beforeAll } from 'vitest'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  type Content,
  imageOf,
  putBlob,
  putManifest,
} from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, play, type Row, singles, table } from '../support/hosts/exchange.ts'

const IMAGE = imageOf()
const MISSING = blob('not pushed', 10)
const at = (reference: string): string => `/v2/a/b/manifests/${reference}`

/** No Accept header turns an existing manifest into a 404. */
const ACCEPTS = singles(
  [
    undefined,
    '*/*',
    'application/*',
    OCI_MANIFEST,
    OCI_INDEX,
    'text/html',
    '',
    [DOCKER_MANIFEST, DOCKER_LIST, OCI_INDEX],
    `${DOCKER_MANIFEST};q=0.5, ${OCI_MANIFEST};q=0.1`,
  ].flatMap((accept) =>
    ['GET', 'HEAD'].map((method): [string, Exchange] => [
      `${method} with Accept ${JSON.stringify(accept)}`,
      {
        send: `${method} ${at('image')}`,
        headers: accept === undefined ? {} : { Accept: accept },
        status: 200,
        expect: { 'Content-Type': OCI_MANIFEST, 'Content-Length': String(IMAGE.bytes.length) },
      },
    ]),
  ),
)

const NOT_MODIFIED = singles(
  ['image', IMAGE.sha256].flatMap((reference) =>
    [`"${IMAGE.sha256}"`, `W/"${IMAGE.sha256}"`, `"x", "${IMAGE.sha256}"`, '*'].flatMap((value) =>
      ['GET', 'HEAD'].map((method): [string, Exchange] => [
        `${method} ${reference.slice(0, 12)} with If-None-Match ${value.slice(0, 12)}`,
        {
          send: `${method} ${at(reference)}`,
          headers: { 'If-None-Match': value },
          status: 304,
          answer: '',
          expect: { ETag: `"${IMAGE.sha256}"`, 'Docker-Content-Digest': IMAGE.sha256 },
        },
      ]),
    ),
  ),
)

const UNKNOWN = singles([
  ...['GET', 'HEAD', 'DELETE'].flatMap((method): [string, Exchange][] =>
    [
      ['tag', at('absent')],
      ['digest', at(MISSING.sha256)],
      ['sha512', at(MISSING.sha512)],
      ['digest of another repository', `/v2/c/manifests/${IMAGE.sha256}`],
      ['digest of a blob', at(CONFIG.sha256)],
    ].map(([what, path]) => [
      `${method} of an unknown ${what}`,
      {
        send: `${method} ${path}`,
        status: 404,
        ...(method === 'HEAD' ? {} : { error: 'MANIFEST_UNKNOWN' as const }),
      },
    ]),
  ),
  [
    'GET of an invalid digest',
    {
      send: `GET ${at('sha256:baddigeststring')}`,
      status: 400,
      error: 'DIGEST_INVALID',
      message: /"sha256:baddigeststring"/,
    },
  ],
  [
    'GET of an invalid tag',
    { send: `GET ${at('-x')}`, status: 404, error: 'MANIFEST_UNKNOWN', message: /"-x"/ },
  ],
  [
    'If-None-Match of an unknown digest',
    {
      send: `GET ${at(MISSING.sha256)}`,
      headers: { 'If-None-Match': '*' },
      status: 404,
      error: 'MANIFEST_UNKNOWN',
    },
  ],
])

const [ONE, TWO] = [
  imageOf([], { annotations: { n: '1' } }),
  imageOf([], { annotations: { n: '2' } }),
]
const gone = (reference: string): Exchange[] => [
  { send: `GET /v2/d/manifests/${reference}`, status: 404, error: 'MANIFEST_UNKNOWN' },
  { send: `HEAD /v2/d/manifests/${reference}`, status: 404 },
]
const remove = (reference: string): Exchange => ({
  send: `DELETE /v2/d/manifests/${reference}`,
  status: 202,
  answer: '',
  expect: { 'Content-Length': '0' },
})
const push = (reference: string, content: Content) => putManifest('d', reference, content)
const there = (reference: string, { bytes }: Content): Exchange => ({
  send: `GET /v2/d/manifests/${reference}`,
  status: 200,
  answer: bytes,
})
const DELETES: readonly Row[] = [
  {
    description: 'deleting a tag leaves the manifest and other tags',
    steps: [
      push('v1', ONE),
      push('v2', ONE),
      remove('v1'),
      ...gone('v1'),
      there('v2', ONE),
      there(ONE.sha256, ONE),
    ],
  },
  {
    description: 'deleting a manifest deletes its tags, at once, and no others',
    steps: [
      push('v1', ONE),
      push('v2', ONE),
      push('w', TWO),
      remove(ONE.sha256),
      ...gone(ONE.sha256),
      ...gone('v1'),
      ...gone('v2'),
      there('w', TWO),
      { send: 'GET /v2/d/tags/list', status: 200, json: { name: 'd', tags: ['w'] } },
      { send: `DELETE /v2/d/manifests/${ONE.sha256}`, status: 404, error: 'MANIFEST_UNKNOWN' },
    ],
  },
  {
    description: 'a tag that has moved on stays',
    steps: [push('v1', ONE), push('v1', TWO), remove(ONE.sha256), there('v1', TWO)],
  },
  {
    description: 'a deleted manifest can come back',
    steps: [push('v1', ONE), remove(ONE.sha256), push('v1', ONE), there('v1', ONE)],
  },
  {
    description: 'a manifest under sha512',
    steps: [push(ONE.sha512, ONE), there(ONE.sha512, ONE), remove(ONE.sha512), ...gone(ONE.sha512)],
  },
]

onEveryHost((host) => {
  beforeAll(() =>
    play(host, [putBlob('a/b', CONFIG), putBlob('d', CONFIG), putManifest('a/b', 'image', IMAGE)]),
  )
  table(host, [...ACCEPTS, ...NOT_MODIFIED, ...UNKNOWN, ...DELETES])
})
