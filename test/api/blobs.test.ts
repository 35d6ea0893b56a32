/**
 * Reading and deleting blobs.
 *
 * @module
 */

import { beforeAll } from 'vitest'
import { blob, contentOf, putBlob } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, play, type Row, singles, table } from '../support/hosts/exchange.ts'

const LARGE = blob('large', 3000)
const EMPTY = contentOf('')
const JSON_BLOB = contentOf('{}')
const ABSENT = blob('absent', 10)
const at = (digest: string): string => `/v2/a/b/blobs/${digest}`
const PATH = at(LARGE.sha256)

/** Headers of a blob from the registry itself; S3, behind a redirect, sends others. */
const HEADERS = {
  'Docker-Content-Digest': LARGE.sha256,
  ETag: `"${LARGE.sha256}"`,
  'Cache-Control': 'public, max-age=31536000, immutable',
  'Content-Type': 'application/octet-stream',
}

const whole = (headers: Exchange['headers']): Exchange => ({
  send: `GET ${PATH}`,
  headers,
  status: 200,
  answer: LARGE.bytes,
  expect: { 'Content-Length': '3000', 'Content-Range': null, 'Accept-Ranges': 'bytes' },
})

const part = (range: string, first: number, last: number): Exchange => ({
  send: `GET ${PATH}`,
  headers: { Range: range },
  status: 206,
  answer: LARGE.bytes.subarray(first, last + 1),
  expect: {
    'Content-Range': `bytes ${first}-${last}/3000`,
    'Content-Length': String(last - first + 1),
  },
  direct: HEADERS,
})

const READS = singles([
  ['GET', { ...whole({}), direct: HEADERS }],
  ['HEAD', { send: `HEAD ${PATH}`, status: 200, expect: { 'Content-Length': '3000' } }],
  [
    'HEAD says what GET says',
    { send: `HEAD ${PATH}`, status: 200, direct: { ...HEADERS, 'Cache-Control': null } },
  ],
  [
    'GET with the digest percent-encoded',
    { ...whole({}), send: `GET ${PATH.replace(':', '%3A')}` },
  ],
  [
    'GET by sha512 of a blob pushed as sha256 is unknown',
    { send: `GET ${at(LARGE.sha512)}`, status: 404, error: 'BLOB_UNKNOWN' },
  ],
  [
    'GET of the empty blob',
    { send: `GET ${at(EMPTY.sha256)}`, status: 200, answer: '', expect: { 'Content-Length': '0' } },
  ],
  [
    'HEAD of the empty blob',
    { send: `HEAD ${at(EMPTY.sha256)}`, status: 200, expect: { 'Content-Length': '0' } },
  ],
  ['GET of {}', { send: `GET ${at(JSON_BLOB.sha256)}`, status: 200, answer: '{}' }],
  ['Authorization does not reach the store', whole({ Authorization: 'Bearer abc' })],
])

const RANGES = singles(
  [
    ['within', part('bytes=500-1499', 500, 1499)],
    ['to the end', part('bytes=500-', 500, 2999)],
    ['the last bytes', part('bytes=-500', 2500, 2999)],
    ['the last bytes, more than there are', part('bytes=-5000', 0, 2999)],
    ['beyond the end', part('bytes=2000-5000', 2000, 2999)],
    ['one byte', part('bytes=0-0', 0, 0)],
    ['all bytes', part('bytes=0-2999', 0, 2999)],
    [
      'with If-None-Match of other content',
      { ...part('bytes=1-2', 1, 2), headers: { Range: 'bytes=1-2', 'If-None-Match': '"x"' } },
    ],
    ['another unit is ignored', whole({ Range: 'pages=1-2' })],
    ['no unit is ignored', whole({ Range: '0-10' })],
  ].map(([name, step]) => [`Range ${name}`, step] as [string, Exchange]),
)

/** S3 sends other codes for these. */
const RANGES_HERE = singles([
  ...['bytes=5000-10000', 'bytes=3000-', 'bytes=500-0', 'bytes=-0'].map(
    (range): [string, Exchange] => [
      `Range ${range} is not satisfiable`,
      {
        send: `GET ${PATH}`,
        headers: { Range: range },
        status: 416,
        error: 'RANGE_INVALID',
        expect: { 'Content-Range': 'bytes */3000' },
      },
    ],
  ),
  ...[
    '0-1,5-6',
    '0-1, 5-6',
    '0-,-1',
    '-1,0-0',
    '0-0,0-0',
    '0-1,9999-',
    '5-1,0-1',
    ',0-1',
    '0-1,',
  ].map((ranges): [string, Exchange] => [
    `several ranges, ${ranges}, are answered whole`,
    whole({ Range: `bytes=${ranges}` }),
  ]),
  [
    'If-Range with this content',
    { ...part('bytes=0-9', 0, 9), headers: { Range: 'bytes=0-9', 'If-Range': HEADERS.ETag } },
  ],
  ['If-Range with other content', whole({ Range: 'bytes=0-9', 'If-Range': '"sha256:0"' })],
  [
    'If-Range with a date',
    whole({ Range: 'bytes=0-9', 'If-Range': 'Thu, 12 Mar 2026 19:03:58 GMT' }),
  ],
  [
    'a Range on HEAD is ignored',
    {
      send: `HEAD ${PATH}`,
      headers: { Range: 'bytes=0-9' },
      status: 200,
      expect: { 'Content-Length': '3000' },
    },
  ],
  [
    'a Range of a missing blob',
    {
      send: `GET ${at(ABSENT.sha256)}`,
      headers: { Range: 'bytes=0-9' },
      status: 404,
      error: 'BLOB_UNKNOWN',
    },
  ],
])

const NOT_MODIFIED = ['"$"', 'W/"$"', '"x", "$"', '*', '$'].flatMap((value) =>
  ['GET', 'HEAD'].map((method): [string, Exchange] => [
    `${method} with If-None-Match ${value.replace('$', '<digest>')}`,
    {
      send: `${method} ${PATH}`,
      headers: { 'If-None-Match': value.replace('$', LARGE.sha256) },
      status: 304,
      answer: '',
      follow: false,
      expect: { ETag: HEADERS.ETag, 'Cache-Control': 'public, max-age=31536000, immutable' },
    },
  ]),
)

const REFUSED = singles([
  ...['GET', 'DELETE'].flatMap((method): [string, Exchange][] => [
    [
      `${method} of a missing blob`,
      {
        send: `${method} ${at(ABSENT.sha256)}`,
        status: 404,
        error: 'BLOB_UNKNOWN',
        message: new RegExp(`a/b has no blob ${ABSENT.sha256}$`),
      },
    ],
    [
      `${method} in another repository`,
      { send: `${method} /v2/other/blobs/${LARGE.sha256}`, status: 404, error: 'BLOB_UNKNOWN' },
    ],
    [
      `${method} of no digest`,
      {
        send: `${method} ${at('sha256:abc')}`,
        status: 400,
        error: 'DIGEST_INVALID',
        message: /"sha256:abc"/,
      },
    ],
    [
      `${method} of upper case`,
      { send: `${method} ${at(LARGE.sha256.toUpperCase())}`, status: 400, error: 'DIGEST_INVALID' },
    ],
    [
      `${method} of another algorithm`,
      {
        send: `${method} ${at('md5:d41d8cd98f00b204e9800998ecf8427e')}`,
        status: 400,
        error: 'DIGEST_INVALID',
        message: /"md5" is not supported/,
      },
    ],
    [
      `${method} in an invalid name`,
      {
        send: `${method} /v2/A/blobs/${LARGE.sha256}`,
        status: 400,
        error: 'NAME_INVALID',
        message: /"A"/,
      },
    ],
  ]),
  ['HEAD of a missing blob', { send: `HEAD ${at(ABSENT.sha256)}`, status: 404, answer: '' }],
  ['HEAD of no digest', { send: `HEAD ${at('sha256:abc')}`, status: 400, answer: '' }],
  [
    'If-None-Match of a missing blob',
    {
      send: `GET ${at(ABSENT.sha256)}`,
      headers: { 'If-None-Match': '*' },
      status: 404,
      error: 'BLOB_UNKNOWN',
    },
  ],
])

const DELETED = blob('deleted', 20)
const SHARED = blob('shared', 20)
const gone = (name: string, { sha256 }: { sha256: string }): Exchange[] => [
  { send: `GET /v2/${name}/blobs/${sha256}`, status: 404, error: 'BLOB_UNKNOWN' },
  { send: `HEAD /v2/${name}/blobs/${sha256}`, status: 404 },
]
const DELETES: readonly Row[] = [
  {
    description: 'DELETE is visible at once, and the blob can come back',
    steps: [
      putBlob('d', DELETED),
      {
        send: `DELETE /v2/d/blobs/${DELETED.sha256}`,
        status: 202,
        answer: '',
        expect: { 'Content-Length': '0' },
      },
      ...gone('d', DELETED),
      { send: `DELETE /v2/d/blobs/${DELETED.sha256}`, status: 404, error: 'BLOB_UNKNOWN' },
      putBlob('d', DELETED),
      { send: `GET /v2/d/blobs/${DELETED.sha256}`, status: 200, answer: DELETED.bytes },
    ],
  },
  {
    description: 'DELETE leaves the blobs of other repositories',
    steps: [
      putBlob('d', SHARED),
      putBlob('e', SHARED),
      { send: `DELETE /v2/d/blobs/${SHARED.sha256}`, status: 202 },
      ...gone('d', SHARED),
      { send: `GET /v2/e/blobs/${SHARED.sha256}`, status: 200, answer: SHARED.bytes },
    ],
  },
]

const BOTH = blob('under both digests', 20)
const UNDER_BOTH: readonly Row[] = (['sha256', 'sha512'] as const).map((algorithm) => ({
  description: `a blob that came as sha512 has both digests, until one is deleted: ${algorithm}`,
  steps: [
    { ...putBlob('f', BOTH), send: `POST /v2/f/blobs/uploads/?digest=${BOTH.sha512}` },
    { send: `GET /v2/f/blobs/${BOTH.sha512}`, status: 200, answer: BOTH.bytes },
    { send: `GET /v2/f/blobs/${BOTH.sha256}`, status: 200, answer: BOTH.bytes },
    { send: `GET /v2/f/blobs/${BOTH.sha512}`, headers: { Range: 'bytes=-5' }, status: 206 },
    { send: `DELETE /v2/f/blobs/${BOTH[algorithm]}`, status: 202 },
    ...gone('f', { sha256: BOTH[algorithm] }),
  ],
}))

/** Redirects as the client sees them. */
const REDIRECTS = singles(
  ['GET', 'HEAD'].map((method): [string, Exchange] => [
    `${method} is redirected to the store`,
    {
      send: `${method} ${PATH}`,
      status: 307,
      follow: false,
      answer: '',
      expect: {
        Location:
          /^http:\/\/(?:127\.0\.0\.1|localhost):\d+\/test\/registry\/docker\/registry\/v2\/blobs\/sha256\/.*X-Amz-Expires=900/,
        'Cache-Control': 'no-store',
        'Docker-Content-Digest': LARGE.sha256,
        ETag: HEADERS.ETag,
        'Content-Length': '0',
      },
    },
  ]),
)

onEveryHost((host) => {
  beforeAll(() =>
    play(
      host,
      [LARGE, EMPTY, JSON_BLOB].map((each) => putBlob('a/b', each)),
    ),
  )
  table(host, [
    ...READS,
    ...RANGES,
    ...singles(NOT_MODIFIED),
    ...REFUSED,
    ...DELETES,
    ...UNDER_BOTH,
  ])
  if (!host.redirects) table(host, RANGES_HERE)
  else table(host, host.gateway ? REDIRECTS : REDIRECTS.slice(0, 1))
})
