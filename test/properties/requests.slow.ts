/**
 * Random requests on every route and method, byte for byte over a socket: the response is always a
 * specified one, and an error has the specified form; never 500, never no response.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import type { WireCode } from '../../functions/api/errors.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { codeOf, locationOf } from '../support/rig/client.ts'
import { checkStore } from '../support/rig/invariants.ts'
import { begin, pushImage } from '../support/rig/push.ts'
import { SERVERS } from '../support/rig/server.ts'

const CODES: ReadonlySet<string> = new Set<WireCode>([
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNSUPPORTED',
  'RANGE_INVALID',
  'TAG_INVALID',
  'PAGINATION_NUMBER_INVALID',
  'PRECONDITION_FAILED',
])

const STATUSES: ReadonlySet<number> = new Set([
  200, 201, 202, 204, 206, 304, 400, 404, 405, 412, 413, 414, 416, 431,
])

const SIZE = 1000
const layer = blob('layer', SIZE)
const image = imageOf([layer])

/** Characters that a request line can contain: all but blanks and control characters. */
const raw = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0xfe })
    .filter((n) => n !== 0x7f)
    .map((n) => String.fromCharCode(n)),
})
/** Any code point, lone surrogates too. fast-check's own unit takes seconds to prepare. */
const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map((n) => String.fromCodePoint(n))
const encoded = fc.string({ unit: codePoint, maxLength: 40 }).map((value) => {
  try {
    return encodeURIComponent(value)
  } catch {
    // A lone surrogate has no encoding.
    return '%ED%A0%80'
  }
})
const broken = fc.constantFrom(
  '%',
  '%2',
  '%zz',
  '%00',
  '%ff',
  '%C3%28',
  '%0d%0a',
  '..%2f',
  '%2e%2e',
)
const wild = fc.oneof(raw, encoded, broken, fc.constantFrom('', '.', '..', '/', 'a'.repeat(5000)))

const name = fc.oneof(fc.constantFrom('app', 'app', 'none', 'a/b/c', 'A', 'a__b', '_catalog'), wild)
const tag = fc.oneof(fc.constantFrom('v1', 'latest', '-x', 'x'.repeat(129)), wild)
const digest = fc.oneof(
  fc.constantFrom(
    layer.sha256,
    CONFIG.sha256,
    image.sha256,
    layer.sha512,
    'sha256:',
    'sha256:XYZ',
    `sha256:${'0'.repeat(64)}`,
    `sha512:${'0'.repeat(64)}`,
    `md5:${'0'.repeat(32)}`,
    ':',
    'sha256:../../x',
  ),
  wild,
)
const uuid = fc.oneof(fc.uuid(), wild)

const path = fc.oneof(
  fc.constantFrom('/', '/v2', '/v2/', '/v2/_catalog', '//', '/v2//', '*'),
  name.map((n) => `/v2/${n}/tags/list`),
  fc.tuple(name, fc.oneof(tag, digest)).map(([n, r]) => `/v2/${n}/manifests/${r}`),
  fc.tuple(name, digest).map(([n, d]) => `/v2/${n}/blobs/${d}`),
  fc.tuple(name, digest).map(([n, d]) => `/v2/${n}/referrers/${d}`),
  name.map((n) => `/v2/${n}/blobs/uploads/`),
  fc.tuple(name, uuid).map(([n, u]) => `/v2/${n}/blobs/uploads/${u}`),
  wild.map((rest) => `/v2/${rest}`),
  wild.map((rest) => `/${rest}`),
)

const parameter = fc
  .tuple(
    fc.constantFrom(
      ...[
        'n',
        'last',
        'digest',
        'mount',
        'from',
        '_state',
        'artifactType',
        'tag',
        'digest-algorithm',
      ],
    ),
    fc.oneof(fc.constantFrom('0', '1', '-1', '1e3', '99999999999999999999'), digest, tag, wild),
  )
  .map(([key, value]) => `${key}=${value}`)
const query = fc
  .array(parameter, { maxLength: 3 })
  .map((all) => (all.length === 0 ? '' : `?${all.join('&')}`))

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']

const value = fc.oneof(
  fc.constantFrom(
    ...['*/*', '*', '"x"', 'bytes=0-1', 'bytes=-', 'bytes=5-1', 'bytes=0-1,2-3', '0-9', '0-', '-'],
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.index.v1+json',
    'application/json; charset=x',
  ),
  fc.string({
    unit: fc
      .integer({ min: 0x21, max: 0xfe })
      .filter((n) => n !== 0x7f)
      .map((n) => String.fromCharCode(n)),
  }),
)
const header = fc.tuple(
  fc.constantFrom(
    ...['Accept', 'Range', 'If-None-Match', 'If-Match', 'If-Range', 'Content-Range'],
    ...['Content-Type', 'Authorization', 'X-Request-Id', 'User-Agent', 'X-Forwarded-Host'],
  ),
  value,
)

const body = fc.oneof(
  fc.constantFrom(
    Buffer.alloc(0),
    image.bytes,
    layer.bytes,
    Buffer.from('{}'),
    Buffer.from('null'),
    Buffer.alloc(4 * 1024 * 1024 + 1, '{'),
  ),
  fc.uint8Array({ maxLength: 200 }).map(Buffer.from),
  fc.json().map((json) => Buffer.from(json)),
)

/** Waits for a response, but not forever. */
const inTime = async <T>(work: Promise<T>): Promise<T> => {
  const timeout = AbortSignal.timeout(60_000)
  const silence = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(new Error('the server says nothing')))
  })
  return Promise.race([work, silence])
}

for (const [kind, open] of SERVERS) {
  describe(kind, async () => {
    const server = await open()
    afterAll(server.close)
    await pushImage(server.send, 'app', 'v1', [layer])

    const met = new Set<number>()
    const check = async (
      method: string,
      target: string,
      headers: readonly (readonly [string, string])[],
      bytes: Buffer,
    ): Promise<void> => {
      const lines = Object.fromEntries(headers)
      let answer: Answer
      try {
        answer = await inTime(server.send(`${method} ${target}`, bytes, lines))
      } catch (error) {
        // A large body that is refused before it is read may find the connection closed.
        if (bytes.byteLength > 1024 * 1024 && /EPIPE|ECONNRESET/.test(String(error))) return
        throw error
      }
      const { status, headers: answered, body: said } = answer
      met.add(status)
      assert.ok(STATUSES.has(status), `answered ${status} ${said}`)
      if (status < 400 || said.byteLength === 0) return
      assert.match(answered.get('Content-Type') ?? '', /^application\/json/)
      assert.ok(CODES.has(codeOf(answer) ?? ''), said.toString())
      assert.equal(typeof JSON.parse(said.toString()).errors[0].message, 'string')
    }

    test('random requests', () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...METHODS),
          fc.tuple(path, query).map((both) => both.join('')),
          fc.array(header, { maxLength: 3 }),
          body,
          check,
        ),
        { numRuns: 800 },
      ))

    test('random requests on an unfinished upload', () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom('GET', 'PATCH', 'PUT', 'DELETE'),
          fc.array(parameter, { maxLength: 2 }),
          fc.array(header, { maxLength: 3 }),
          body,
          async (method, parameters, headers, bytes) => {
            const location = locationOf(await begin(server.send, 'app'))
            await check(method, [location, ...parameters].join('&'), headers, bytes)
          },
        ),
        { numRuns: 200 },
      ))

    test('not all of them were refused', () => {
      for (const status of [200, 202, 400, 404, 405]) assert.ok(met.has(status), `${status}`)
    })

    test('the store is consistent', async () => {
      await checkStore(server.store)
    })
  })
}
