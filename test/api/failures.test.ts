/**
 * Failures of the store, as clients and as the log see them; request ids.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import type { RequestLogger } from '../../functions/api/env.ts'
import type { WireCode } from '../../functions/api/errors.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import { type Exchange, exchange } from '../support/hosts/exchange.ts'
import type { Host } from '../support/hosts/host.ts'
import { appOver, ask, temporaryDirectory } from '../support/hosts/start.ts'

const SECRET = 'bucket arn:aws:s3:::secret'

/** What a store may throw, and the response to it. */
const FAILURES: readonly (readonly [string, () => Error, number, WireCode, Exchange['expect']])[] =
  [
    [
      'is unavailable',
      () => new StoreError('unavailable', SECRET),
      503,
      'UNAVAILABLE',
      { 'Retry-After': '2' },
    ],
    ['is full', () => new StoreError('full', SECRET), 507, 'UNAVAILABLE', {}],
    ['refuses a checksum', () => new StoreError('checksum', SECRET), 503, 'UNAVAILABLE', {}],
    [
      'fails in an unknown way',
      () => new TypeError(SECRET),
      500,
      'UNKNOWN',
      { 'Retry-After': null },
    ],
  ]

const REQUESTS: readonly Exchange[] = [
  { send: 'GET /v2/_catalog', status: 200 },
  { send: 'GET /v2/a/tags/list', status: 200 },
  { send: `GET /v2/a/blobs/${CONFIG.sha256}`, status: 200 },
  { send: 'GET /v2/a/manifests/v1', status: 200 },
  { send: `GET /v2/a/referrers/${CONFIG.sha256}`, status: 200 },
  { send: `DELETE /v2/a/blobs/${CONFIG.sha256}`, status: 202 },
  { send: 'DELETE /v2/a/manifests/v1', status: 202 },
  { send: `POST /v2/a/blobs/uploads/?mount=${CONFIG.sha256}&from=a`, status: 201 },
  putBlob('a', CONFIG),
  putManifest('a', 'v2', imageOf()),
]

describe('the app over a store that fails', () => {
  const lines: Record<string, unknown>[] = []
  const note =
    (level: string) =>
    (fields: object): void =>
      void lines.push({ level, ...fields })
  const logger: RequestLogger = { info: note('info'), warn: note('warn'), error: note('error') }
  let failure: (() => Error) | undefined
  let host: Pick<Host, 'send'>
  let remove: () => Promise<void>

  beforeAll(async () => {
    const directory = await temporaryDirectory()
    remove = directory.remove
    const store = new Proxy(openFileStore(directory.path), {
      get(target, property: keyof ObjectStore) {
        const method = target[property]
        if (typeof method !== 'function') return method
        return (...args: never[]) => {
          if (failure !== undefined) return Promise.reject(failure())
          return Reflect.apply(method, target, args)
        }
      },
    })
    const app = await appOver(store, { logger })
    host = { send: (sent) => ask(app, sent) }
    await exchange(host, putBlob('a', CONFIG))
    await exchange(host, putManifest('a', 'v1', imageOf()))
  })
  beforeEach(() => {
    failure = undefined
    lines.length = 0
  })
  afterAll(() => remove())

  for (const [what, thrown, status, error, expect] of FAILURES) {
    for (const request of REQUESTS) {
      test(`the store ${what}: ${request.send.slice(0, 40)}`, async () => {
        failure = thrown
        const answer = await exchange(host, { ...request, status, error, expect })
        assert.doesNotMatch(answer.body.toString(), /secret|arn|TypeError| at /)
        const [line, ...others] = lines
        assert.deepEqual(others, [])
        assert.equal(line?.level, 'error')
        assert.equal(line?.requestId, answer.headers.get('X-Request-Id'))
        assert.ok(line?.err instanceof Error)
        assert.equal(line.err.message, SECRET)
      })
    }
  }

  test('afterwards everything is as it was', async () => {
    const [read, ...others] = REQUESTS.filter(({ send }) => send.startsWith('GET'))
    for (const request of [read as Exchange, ...others]) await exchange(host, request)
  })

  test('a line has method, path, status and sizes, but no query', async () => {
    const sent = { ...putBlob('a', CONFIG), headers: { 'User-Agent': 'test/1' } }
    const answer = await exchange(host, sent)
    const { milliseconds, ...line } = lines[0] ?? {}
    assert.equal(typeof milliseconds, 'number')
    assert.deepEqual(line, {
      level: 'info',
      requestId: answer.headers.get('X-Request-Id'),
      method: 'POST',
      path: '/v2/a/blobs/uploads/',
      status: 201,
      received: CONFIG.bytes.length,
      sent: 0,
      who: 'anonymous',
      userAgent: 'test/1',
    })
  })

  test('a line of a refusal has its reason', async () => {
    await exchange(host, { send: 'GET /v2/a/manifests/nothing', status: 404 })
    assert.equal(lines[0]?.level, 'info')
    assert.equal(lines[0]?.reason, 'the repository a has no manifest nothing')
  })

  const IDS: readonly (readonly [string, string, boolean])[] = [
    ['a client may choose', 'my-id_1=', true],
    ['not too long', 'x'.repeat(256), false],
    ['nor with other characters', 'a b', false],
  ]
  for (const [what, id, taken] of IDS) {
    test(`a request id that ${what}`, async () => {
      const headers = { 'X-Request-Id': id }
      const request = { send: 'GET /v2/a/manifests/no', headers, status: 404 }
      const answer = await exchange(host, { ...request, error: 'MANIFEST_UNKNOWN' })
      assert.equal(answer.headers.get('X-Request-Id') === id, taken)
    })
  }
})
