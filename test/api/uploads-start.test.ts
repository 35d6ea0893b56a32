/**
 * Starting uploads: POST, with a digest and the bytes, with mounts.
 *
 * @module
 */

import { beforeAll } from 'vitest'
import { blob, contentOf, putBlob } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, play, type Row, singles, table } from '../support/hosts/exchange.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const START = '/v2/a/b/blobs/uploads/'
const EMPTY = contentOf('')
const SOURCE = blob('source', 100)
const ABSENT = blob('absent', 100)

const begun = (send: string): Exchange => ({
  send,
  status: 202,
  answer: '',
  expect: {
    // No percent-escapes and nothing that a client's own decoding could change.
    Location: new RegExp(`^/v2/a/b/blobs/uploads/${UUID}\\?_state=[\\w.-]+$`),
    'Docker-Upload-UUID': new RegExp(`^${UUID}$`),
    Range: '0-0',
    'Content-Length': '0',
    'OCI-Chunk-Min-Length': null,
  },
})

const created = (name: string, digest: string): Exchange['expect'] => ({
  Location: `/v2/${name}/blobs/${digest}`,
  'Docker-Content-Digest': digest,
  'Content-Length': '0',
})

const POSTS = singles([
  ['POST', begun(`POST ${START}`)],
  ['POST without its slash', begun(`POST ${START.slice(0, -1)}`)],
  ['POST with digest-algorithm', begun(`POST ${START}?digest-algorithm=sha512`)],
  ['POST with what is not known', begun(`POST ${START}?ns=docker.io&x=1`)],
  [
    'POST with an unsupported digest-algorithm',
    {
      send: `POST ${START}?digest-algorithm=md5`,
      status: 400,
      error: 'DIGEST_INVALID',
      message: /"md5".*sha256 or sha512/,
    },
  ],
  [
    'POST to an invalid name',
    {
      send: 'POST /v2/a//b/blobs/uploads/',
      status: 400,
      error: 'NAME_INVALID',
      message: /"a\/\/b"/,
    },
  ],
  [
    'mount from a repository that has it',
    {
      send: `POST ${START}?mount=${SOURCE.sha256}&from=source/repo`,
      status: 201,
      answer: '',
      expect: created('a/b', SOURCE.sha256),
    },
  ],
  [
    'mount from itself',
    {
      send: `POST /v2/source/repo/blobs/uploads/?mount=${SOURCE.sha256}&from=source/repo`,
      status: 201,
      expect: created('source/repo', SOURCE.sha256),
    },
  ],
  ['mount from where it is not', begun(`POST ${START}?mount=${SOURCE.sha256}&from=other/repo`)],
  ['mount of what is nowhere', begun(`POST ${START}?mount=${ABSENT.sha256}&from=source/repo`)],
  ['mount of what is nowhere, without from', begun(`POST ${START}?mount=${ABSENT.sha256}`)],
  [
    'mount with an empty from',
    {
      send: `POST ${START}?mount=${SOURCE.sha256}&from=`,
      status: 201,
      expect: created('a/b', SOURCE.sha256),
    },
  ],
  // What cannot be mounted can be uploaded (distribution-spec "Mounting a blob").
  ...[
    '',
    'abc',
    'sha256:',
    'sha256:abc',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'0'.repeat(63)}`,
    `md5:${'0'.repeat(32)}`,
    `blake3:${'0'.repeat(64)}`,
    `sha384:${'0'.repeat(96)}`,
    `SHA256:${'0'.repeat(64)}`,
    'sha256:../../x',
    '%00',
    '%F0%9F%98%80',
  ].flatMap((digest): [string, Exchange][] => [
    [`mount of the digest ${digest}`, begun(`POST ${START}?mount=${digest}&from=source/repo`)],
    [`mount of the digest ${digest} without from`, begun(`POST ${START}?mount=${digest}`)],
  ]),
  ...[
    'A',
    'source//repo',
    '/source/repo',
    'source/repo/',
    '..',
    '%00',
    '%F0%9F%98%80',
    'x'.repeat(256),
    'https://example.com/a',
  ].map((from): [string, Exchange] => [
    `mount from ${from}`,
    begun(`POST ${START}?mount=${SOURCE.sha256}&from=${from}`),
  ]),
])

const reads = (name: string, digest: string, bytes: Uint8Array): Exchange[] => [
  {
    send: `HEAD /v2/${name}/blobs/${digest}`,
    status: 200,
    expect: { 'Content-Length': String(bytes.length) },
  },
  { send: `GET /v2/${name}/blobs/${digest}`, status: 200, answer: bytes },
]

const MOUNTS: readonly Row[] = [
  {
    description: 'a mounted blob is there',
    steps: [
      {
        send: `POST /v2/mounted/blobs/uploads/?mount=${SOURCE.sha256}&from=source/repo`,
        status: 201,
      },
      ...reads('mounted', SOURCE.sha256, SOURCE.bytes),
    ],
  },
  {
    description: 'a blob mounted from anywhere is there',
    steps: [
      {
        send: `POST /v2/anonymous/blobs/uploads/?mount=${SOURCE.sha256}`,
        status: 201,
        expect: created('anonymous', SOURCE.sha256),
      },
      ...reads('anonymous', SOURCE.sha256, SOURCE.bytes),
    ],
  },
  {
    description: 'a mount that begins an upload goes on as one',
    steps: [
      {
        send: `POST /v2/fallback/blobs/uploads/?mount=${ABSENT.sha256}&from=source/repo`,
        status: 202,
      },
      { send: `PUT @&digest=${ABSENT.sha256}`, body: ABSENT.bytes, status: 201 },
      ...reads('fallback', ABSENT.sha256, ABSENT.bytes),
    ],
  },
  {
    description: 'a sha512 blob is mounted',
    steps: [
      {
        send: `POST /v2/source/repo/blobs/uploads/?digest=${SOURCE.sha512}`,
        body: SOURCE.bytes,
        status: 201,
      },
      {
        send: `POST /v2/m512/blobs/uploads/?mount=${SOURCE.sha512}&from=source/repo`,
        status: 201,
        expect: created('m512', SOURCE.sha512),
      },
      ...reads('m512', SOURCE.sha512, SOURCE.bytes),
    ],
  },
]

/** Another instance than the one that deleted it believes for seconds that it is there. */
const DELETED: Row = {
  description: 'a deleted blob is not mounted from where it was',
  steps: [
    putBlob('deleted', blob('deleted', 9)),
    { send: `DELETE /v2/deleted/blobs/${blob('deleted', 9).sha256}`, status: 202 },
    {
      send: `POST /v2/x/blobs/uploads/?mount=${blob('deleted', 9).sha256}&from=deleted`,
      status: 202,
    },
  ],
}

/** One POST with digest and bytes. */
const SINGLE = [
  ['a blob', blob('single', 512)],
  ['the empty blob', EMPTY],
  ['{}', contentOf('{}')],
] as const

const SINGLES: readonly Row[] = [
  ...SINGLE.flatMap(([name, { bytes, ...digests }]) =>
    (['sha256', 'sha512'] as const).map((algorithm) => ({
      description: `POST with ${name} and its ${algorithm}`,
      steps: [
        {
          send: `POST ${START}?digest=${digests[algorithm]}`,
          body: bytes,
          status: 201,
          answer: '',
          expect: created('a/b', digests[algorithm]),
        },
        ...reads('a/b', digests[algorithm], bytes),
      ],
    })),
  ),
  {
    description: 'POST with a digest that is not the content',
    steps: [
      {
        send: `POST /v2/bad/blobs/uploads/?digest=${ABSENT.sha256}`,
        body: SOURCE.bytes,
        status: 400,
        error: 'DIGEST_INVALID',
        message: new RegExp(`is ${SOURCE.sha256}, not ${ABSENT.sha256}`),
      },
      { send: `GET /v2/bad/blobs/${ABSENT.sha256}`, status: 404, error: 'BLOB_UNKNOWN' },
      { send: `GET /v2/bad/blobs/${SOURCE.sha256}`, status: 404, error: 'BLOB_UNKNOWN' },
    ],
  },
  {
    description: 'POST with no digest in digest',
    steps: [
      {
        send: `POST ${START}?digest=sha256:baddigeststring`,
        body: 'x',
        status: 400,
        error: 'DIGEST_INVALID',
        message: /"sha256:baddigeststring"/,
      },
    ],
  },
]

onEveryHost((host) => {
  beforeAll(() => play(host, [putBlob('source/repo', SOURCE)]))
  table(host, [...POSTS, ...MOUNTS, ...(host.edge ? [] : [DELETED]), ...SINGLES])
})
