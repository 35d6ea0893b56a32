/**
 * The state that an upload's Location carries: status, cancelling, repeated requests, what clients do
 * to queries, and states that are not the upload's.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { STATE_LIFE } from '../../functions/registry/uploads/state.ts'
import { blob } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, exchange, play, type Row, table } from '../support/hosts/exchange.ts'
import { appOver, ask, temporaryDirectory } from '../support/hosts/start.ts'
import {
  chunks,
  NAME,
  patch,
  put,
  read,
  received,
  refused,
  start,
} from '../support/hosts/uploads.ts'

const CONTENT = blob('state', 1000)
const { bytes, sha256 } = CONTENT
const unknown = { status: 404, error: 'BLOB_UPLOAD_UNKNOWN' } as const
const invalid = { status: 404, error: 'BLOB_UPLOAD_INVALID' } as const
const status = (size: number, target = '@'): Exchange => ({
  send: `GET ${target}`,
  status: 204,
  answer: '',
  expect: { ...received(size), 'Content-Length': null },
})

const STATUS: readonly Row[] = [
  { description: 'status of a new upload', steps: [start(), status(0)] },
  {
    description: 'status after each chunk',
    steps: [
      start(),
      ...chunks(bytes, 300).flatMap((step, index) => [
        step,
        status(Math.min(300 * (index + 1), 1000)),
      ]),
      put(sha256),
    ],
  },
  {
    description: 'HEAD of the status',
    steps: [start(), patch(bytes, 1000), { ...status(1000), send: 'HEAD @' }],
  },
  {
    description: 'status after the commit',
    steps: [
      start(),
      ...chunks(bytes, 1000).map((step) => ({ ...step, keep: 'done' })),
      put(sha256),
      { send: 'GET @done', ...unknown },
    ],
  },
  {
    description: 'status after the commit of bytes sent at once: a lost commit can be sent again',
    steps: [
      start(),
      { ...patch(bytes, 1000), keep: 'done' },
      put(sha256),
      status(1000, '@done'),
      { ...put(sha256), send: `PUT @done&digest=${sha256}` },
    ],
  },
]

const cancelled: Exchange[] = [
  { send: 'GET @one', ...unknown },
  { send: 'DELETE @one', ...unknown },
]
const CANCEL: readonly Row[] = [
  {
    description: 'cancelling a new upload',
    steps: [
      { ...start(), keep: 'one' },
      { send: 'DELETE @', status: 204, answer: '' },
      ...cancelled,
    ],
  },
  {
    description: 'cancelling an upload with bytes',
    steps: [
      start(),
      { ...patch(bytes, 1000), keep: 'one' },
      { send: 'DELETE @', status: 204 },
      ...cancelled,
      { send: `PUT @one&digest=${blob('state', 1000).sha512}`, ...unknown },
      { send: 'PATCH @one', body: bytes, ...unknown },
      { send: 'PATCH @one', body: Buffer.alloc(0), ...unknown },
      ...cancelled,
    ],
  },
  {
    description: 'cancelling an upload in chunks',
    steps: [
      start(),
      ...chunks(bytes, 400).map((step) => ({ ...step, keep: 'one' })),
      { send: 'DELETE @', status: 204 },
      ...cancelled,
      { send: 'PATCH @one', body: bytes, ...unknown },
      { send: 'PATCH @one', body: bytes, headers: { 'Content-Range': '1000-1999' }, ...unknown },
    ],
  },
  {
    description: 'an upload that was cancelled before its first byte may go on',
    steps: [
      { ...start(), keep: 'one' },
      { send: 'DELETE @', status: 204 },
      { ...patch(bytes, 1000), send: 'PATCH @one' },
      put(sha256),
      ...read(CONTENT, sha256),
    ],
  },
]

const SMALL = blob('retried small', 1000)
/** A request whose response was lost is repeated, to the Location that the client has. */
const RETRIES: readonly Row[] = [
  ...[
    ['in memory', blob('retried put', 1000), 1000],
    ['of chunks', SMALL, 300],
  ].map(([what, content, size]): Row => {
    const all = content as typeof SMALL
    return {
      description: `a PUT that is repeated is answered alike: ${what}`,
      steps: [
        start(),
        ...chunks(all.bytes, size as number).map((step) => ({ ...step, keep: 'last' })),
        { ...put(all.sha256), send: `PUT @last&digest=${all.sha256}` },
        { ...put(all.sha256), send: `PUT @last&digest=${all.sha256}` },
        ...read(all, all.sha256),
      ],
    }
  }),
  {
    description: 'a PUT with all bytes that is repeated is answered alike',
    steps: [
      { ...start(), keep: 'start' },
      { ...put(sha256, bytes), send: `PUT @start&digest=${sha256}` },
      { ...put(sha256, bytes), send: `PUT @start&digest=${sha256}` },
      ...read(CONTENT, sha256),
    ],
  },
  {
    description: 'a chunk that is repeated from the older Location is told where to go on',
    steps: [
      { ...start(), keep: 'start' },
      ...chunks(SMALL.bytes.subarray(0, 400), 400),
      ...chunks(SMALL.bytes.subarray(0, 400), 400, 0, '@start').map(refused(400)),
      ...chunks(SMALL.bytes, 300, 400),
      put(SMALL.sha256),
      ...read(SMALL, SMALL.sha256),
    ],
  },
  {
    description: 'the next chunk goes on from an older Location, too',
    steps: [
      { ...start(), keep: 'start' },
      ...chunks(SMALL.bytes.subarray(0, 400), 400),
      ...chunks(SMALL.bytes.subarray(0, 700), 300, 400, '@start'),
      ...chunks(SMALL.bytes, 300, 700),
      put(SMALL.sha256),
      ...read(SMALL, SMALL.sha256),
    ],
  },
  {
    description: 'the status at an older Location is how far the upload is',
    steps: [
      { ...start(), keep: 'start' },
      ...chunks(SMALL.bytes.subarray(0, 400), 400),
      status(400, '@start'),
      ...chunks(SMALL.bytes, 300, 400),
      put(SMALL.sha256),
      ...read(SMALL, SMALL.sha256),
    ],
  },
  {
    description: 'a PATCH without Content-Range begins again at the older Location',
    steps: [
      { ...start(), keep: 'start' },
      patch(blob('given up', 700).bytes, 700),
      { ...patch(SMALL.bytes, SMALL.bytes.length), send: 'PATCH @start' },
      put(SMALL.sha256),
      ...read(SMALL, SMALL.sha256),
    ],
  },
]

const UUID = '0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'
const FORGED = `/v2/${NAME}/blobs/uploads/${UUID}?_state=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA`
const REFUSED: readonly Row[] = [
  ['GET', undefined],
  ['PATCH', bytes],
  ['PUT', bytes],
  ['DELETE', undefined],
].flatMap(([method, body]) =>
  [
    ['without a state', `/v2/${NAME}/blobs/uploads/${UUID}`, /missing/],
    ['with an empty state', `/v2/${NAME}/blobs/uploads/${UUID}?_state=`, /missing/],
    ['with a forged state', FORGED, /not issued by this registry/],
    [
      'with a state that is not a token',
      `/v2/${NAME}/blobs/uploads/${UUID}?_state=abc`,
      /not issued by this registry/,
    ],
  ].map(
    ([what, target, message]): Row => ({
      description: `${method} ${what}`,
      steps: [
        {
          send: `${method} ${target}${method === 'PUT' ? `${String(target).includes('?') ? '&' : '?'}digest=${sha256}` : ''}`,
          body: body as Buffer | undefined,
          ...invalid,
          message: message as RegExp,
        },
      ],
    }),
  ),
)

onEveryHost((host) => {
  table(host, [...STATUS, ...CANCEL, ...RETRIES, ...REFUSED])

  /** The Location of a new upload with some bytes. */
  const location = async (): Promise<URL> => {
    const begun = await exchange(host, start())
    const target = begun.headers.get('Location') ?? ''
    const next = await exchange(host, {
      ...patch(bytes.subarray(0, 400), 400),
      send: `PATCH ${target}`,
    })
    return new URL(next.headers.get('Location') ?? '', 'http://registry.example.com')
  }
  const rest = (target: string): Exchange => ({
    send: `PUT ${target}`,
    body: bytes.subarray(400),
    status: 201,
    expect: { Location: `/v2/${NAME}/blobs/${sha256}` },
  })

  const QUERIES: readonly (readonly [string, (state: string) => string])[] = [
    [
      'sorted, encoded anew, with ns',
      (state) => `_state=${state}&digest=${encodeURIComponent(sha256)}&ns=docker.io`,
    ],
    ['the digest first', (state) => `digest=${sha256}&_state=${state}`],
    ['every digest twice', (state) => `digest=${sha256}&_state=${state}&digest=${sha256}`],
    [
      'everything in between',
      (state) => `account=a&digest=${sha256}&ns=x%2Fy&_state=${state}&zone=1`,
    ],
  ]
  for (const [description, query] of QUERIES) {
    test(`PUT with the query ${description}`, async () => {
      const { pathname, searchParams } = await location()
      await exchange(host, rest(`${pathname}?${query(searchParams.get('_state') ?? '')}`))
      await play(host, read(CONTENT, sha256))
    })
  }

  test('PATCH with a digest in the query, as after a PUT that failed', async () => {
    const { pathname, search } = await location()
    await play(host, [
      { ...patch(bytes.subarray(400), 1000), send: `PATCH ${pathname}${search}&digest=${sha256}` },
      put(sha256),
    ])
  })

  test('PUT to the path percent-encoded', async () => {
    const { pathname, search } = await location()
    await exchange(host, rest(`${pathname.replaceAll('-', '%2D')}${search}&digest=${sha256}`))
  })

  test('a state is of one upload, one repository, and unchanged', async () => {
    const [one, other] = [await location(), await location()]
    const middle = one.search.length - 20
    const changed = one.search[middle] === 'A' ? 'B' : 'A'
    const targets = [
      one.pathname + other.search,
      one.pathname.replace(NAME, 'a/c') + one.search,
      one.pathname + one.search.slice(0, middle) + changed + one.search.slice(middle + 1),
    ]
    for (const target of targets) await exchange(host, { send: `GET ${target}`, ...invalid })
    await exchange(host, rest(`${one.pathname}${one.search}&digest=${sha256}`))
  })

  test('a state stays small: header lines of all sizes are limited', async () => {
    const begun = await exchange(host, start())
    let target = begun.headers.get('Location') ?? ''
    for (let at = 0; at < 40; at += 1) {
      const step = { send: `PATCH ${target}`, body: bytes.subarray(at, at + 1), status: 202 }
      target = (await exchange(host, step)).headers.get('Location') ?? ''
      assert.ok(target.length < 6000, `the Location has ${target.length} characters`)
    }
  })
})

test('a state expires', async () => {
  const { path, remove } = await temporaryDirectory()
  let clock = Date.now()
  const app = await appOver(openFileStore(path), { now: () => clock })
  const host = { name: 'app', redirects: false, gateway: false, send: ask.bind(undefined, app) }
  try {
    const begun = await exchange(host, start())
    const target = begun.headers.get('Location') ?? ''
    clock += (STATE_LIFE - 1) * 1000
    await exchange(host, { send: `GET ${target}`, status: 204 })
    clock += 2000
    const step = { send: `PUT ${target}&digest=${sha256}`, body: bytes }
    await exchange(host, { ...step, ...invalid, message: /has expired/ })
    await exchange(host, { send: `HEAD /v2/${NAME}/blobs/${sha256}`, status: 404 })
  } finally {
    await remove()
  }
})
