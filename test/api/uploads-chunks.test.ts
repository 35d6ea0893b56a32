/**
 * The bytes of uploads: in one piece, in chunks, in order and out of it.
 *
 * @module
 */

import { blob, type Content, contentOf } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, type Row, table } from '../support/hosts/exchange.ts'
import { chunks, NAME, patch, put, read, start, stream } from '../support/hosts/uploads.ts'

/** Each way to send the bytes, with the algorithm of the digest that it ends with. */
const WAYS: readonly (readonly [string, (content: Content, digest: string) => Exchange[]])[] = [
  ['PUT with all', ({ bytes }, digest) => [start(), put(digest, bytes)]],
  ['PUT with all, streamed', ({ bytes }, digest) => [start(), put(digest, stream(bytes))]],
  ['one PATCH', ({ bytes }, digest) => [start(), patch(bytes, bytes.length), put(digest)]],
  [
    'one streamed PATCH',
    ({ bytes }, digest) => [start(), patch(stream(bytes), bytes.length), put(digest)],
  ],
  [
    'one PATCH with Content-Range',
    ({ bytes }, digest) => [start(), ...chunks(bytes, bytes.length), put(digest)],
  ],
  [
    'three PATCHes with Content-Range',
    ({ bytes }, digest) => [start(), ...chunks(bytes, Math.ceil(bytes.length / 3)), put(digest)],
  ],
  [
    'three PATCHes without Content-Range',
    ({ bytes }, digest) => [
      start(),
      patch(bytes.subarray(0, 200), 200),
      patch(stream(bytes.subarray(200, 300)), 300),
      patch(bytes.subarray(300), bytes.length),
      put(digest),
    ],
  ],
  [
    'the last chunk in the PUT',
    ({ bytes }, digest) => [
      start(),
      ...chunks(bytes.subarray(0, 400), 200),
      put(digest, bytes.subarray(400), { 'Content-Range': `400-${bytes.length - 1}` }),
    ],
  ],
  [
    'the last chunk in the PUT, streamed',
    ({ bytes }, digest) => [
      start(),
      ...chunks(bytes.subarray(0, 400), 200),
      put(digest, stream(bytes.subarray(400))),
    ],
  ],
  [
    'an empty PATCH in between',
    ({ bytes }, digest) => [
      start(),
      patch(bytes.subarray(0, 100), 100),
      patch(Buffer.alloc(0), 100),
      patch(bytes.subarray(100), bytes.length),
      put(digest),
    ],
  ],
  [
    'digest-algorithm given at the start',
    ({ bytes }, digest) => [
      start(`?digest-algorithm=${digest.slice(0, 6)}`),
      ...chunks(bytes, 300),
      put(digest),
    ],
  ],
  [
    'another digest-algorithm given at the start',
    ({ bytes }, digest) => [
      start(`?digest-algorithm=${digest.startsWith('sha256') ? 'sha512' : 'sha256'}`),
      ...chunks(bytes, 300),
      put(digest),
    ],
  ],
]

const EVERY_WAY: readonly Row[] = WAYS.flatMap(([way, steps]) =>
  (['sha256', 'sha512'] as const).map((algorithm) => {
    const content = blob(way + algorithm, 512)
    const digest = content[algorithm]
    return {
      description: `${way}, ${algorithm}`,
      steps: [...steps(content, digest), ...read(content, digest)],
    }
  }),
)

const EMPTY = contentOf('')
const NOTHING: readonly Row[] = [
  {
    description: 'the empty blob by an empty PUT',
    steps: [start(), put(EMPTY.sha256), ...read(EMPTY, EMPTY.sha256)],
  },
  {
    description: 'the empty blob by an empty PATCH',
    steps: [start(), patch(Buffer.alloc(0), 0), put(EMPTY.sha512), ...read(EMPTY, EMPTY.sha512)],
  },
  {
    description: 'the empty blob by an empty stream',
    steps: [
      start(),
      patch(stream(EMPTY.bytes), 0),
      put(EMPTY.sha256),
      ...read(EMPTY, EMPTY.sha256),
    ],
  },
]

const ORDERED = blob('ordered', 1000)
const refusedAt = (have: number): Pick<Exchange, 'status' | 'error' | 'expect'> => ({
  status: 416,
  error: 'RANGE_INVALID',
  expect: { Location: /_state=/, Range: `0-${Math.max(have - 1, 0)}` },
})
const chunkAt = (first: number, last: number, range = `${first}-${last}`): Exchange => ({
  send: 'PATCH @',
  headers: { 'Content-Range': range },
  body: ORDERED.bytes.subarray(first, last + 1),
  status: 202,
})
const first400 = chunks(ORDERED.bytes.subarray(0, 400), 400)
const rest = [
  ...chunks(ORDERED.bytes, 300, 400),
  put(ORDERED.sha256),
  ...read(ORDERED, ORDERED.sha256),
]

const ORDER: readonly Row[] = [
  {
    description: 'a chunk ahead is refused and the upload goes on',
    steps: [
      start(),
      ...first400,
      { ...chunkAt(500, 599), ...refusedAt(400), message: /begins at 500, but the upload has 400/ },
      ...rest,
    ],
  },
  {
    description: 'a chunk sent again after its answer is refused and the upload goes on',
    steps: [start(), ...first400, { ...chunkAt(0, 399), ...refusedAt(400) }, ...rest],
  },
  {
    description: 'a first chunk ahead is refused',
    steps: [
      start(),
      { ...chunkAt(10, 19), ...refusedAt(0) },
      { send: 'GET @', status: 204, expect: { Range: '0-0' } },
      ...chunks(ORDERED.bytes, 500),
      put(ORDERED.sha256),
    ],
  },
  {
    description: 'a last chunk ahead is refused and the upload goes on',
    steps: [
      start(),
      ...first400,
      {
        send: `PUT @&digest=${ORDERED.sha256}`,
        headers: { 'Content-Range': '900-999' },
        body: ORDERED.bytes.subarray(900),
        ...refusedAt(400),
      },
      ...rest,
    ],
  },
  {
    description: "Content-Range in HTTP's own form",
    steps: [
      start(),
      { ...chunkAt(0, 399, 'bytes 0-399/1000'), expect: { Range: '0-399' } },
      ...rest,
    ],
  },
  ...['400', 'abc', '500-400', 'bytes=400-499', '-', '0-99999999999999999999'].map(
    (range): Row => ({
      description: `Content-Range ${range} is refused and the upload goes on`,
      steps: [
        start(),
        ...first400,
        { ...chunkAt(400, 499, range), ...refusedAt(400), message: /invalid Content-Range/ },
        ...rest,
      ],
    }),
  ),
  ...(
    [
      ['PATCH with a body shorter than its Content-Range', '400-999', 10],
      ['PATCH with a body longer than its Content-Range', '400-404', 10],
    ] as const
  ).map(
    ([description, range, size]): Row => ({
      description,
      steps: [
        start(),
        ...first400,
        {
          send: 'PATCH @',
          headers: { 'Content-Range': range },
          body: ORDERED.bytes.subarray(400, 400 + size),
          status: 400,
          error: 'SIZE_INVALID',
          expect: { Range: '0-399', Location: /_state=/ },
        },
        ...rest,
      ],
    }),
  ),
  {
    description: 'a streamed PATCH with a body shorter than its Content-Range',
    steps: [
      start(),
      ...first400,
      {
        send: 'PATCH @',
        headers: { 'Content-Range': '400-999' },
        body: stream(ORDERED.bytes.subarray(400, 500)),
        status: 400,
        error: 'SIZE_INVALID',
        expect: { Range: '0-399' },
      },
      ...rest,
    ],
  },
]

const OTHER = blob('other', 1000)
const WRONG = [
  ['PUT with all', [start()], OTHER.bytes],
  ['a PATCH before it', [start(), patch(OTHER.bytes, 1000)], undefined],
  ['chunks before it', [start(), ...chunks(OTHER.bytes, 300)], undefined],
  [
    'the last chunk in the PUT',
    [start(), ...chunks(OTHER.bytes.subarray(0, 600), 300)],
    OTHER.bytes.subarray(600),
  ],
] as const
const BAD_DIGEST: readonly Row[] = WRONG.flatMap(([description, before, body]) =>
  (['sha256', 'sha512'] as const).map((algorithm) => {
    const wanted = blob('wanted', 1000)[algorithm]
    return {
      description: `a ${algorithm} that is not the content's: ${description}`,
      steps: [
        ...before,
        {
          send: `PUT @&digest=${wanted}`,
          body,
          status: 400,
          error: 'DIGEST_INVALID' as const,
          message: new RegExp(`digest is ${OTHER[algorithm]}, not ${wanted}`),
        },
        { send: `GET /v2/${NAME}/blobs/${wanted}`, status: 404, error: 'BLOB_UNKNOWN' as const },
        {
          send: `GET /v2/${NAME}/blobs/${OTHER[algorithm]}`,
          status: 404,
          error: 'BLOB_UNKNOWN' as const,
        },
      ],
    }
  }),
)

const ENDS: readonly Row[] = [
  {
    description: 'PUT without a digest',
    steps: [start(), { send: 'PUT @', status: 400, error: 'DIGEST_INVALID', message: /no digest/ }],
  },
  {
    description: 'PUT with no digest in digest',
    steps: [
      start(),
      {
        send: 'PUT @&digest=sha256:abc',
        status: 400,
        error: 'DIGEST_INVALID',
        message: /"sha256:abc"/,
      },
    ],
  },
  {
    description: 'short of bytes',
    steps: [
      start(),
      ...chunks(blob('short', 100).bytes.subarray(0, 99), 50),
      { send: `PUT @&digest=${blob('short', 100).sha256}`, status: 400, error: 'DIGEST_INVALID' },
      { send: `HEAD /v2/${NAME}/blobs/${blob('short', 100).sha256}`, status: 404 },
    ],
  },
]

onEveryHost((host) => {
  table(host, [...EVERY_WAY, ...NOTHING, ...ORDER, ...BAD_DIGEST, ...ENDS])
})
