import assert from 'node:assert/strict'
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { clientOf, outcome } from './harness.ts'
import { listObjects } from './listing.ts'
import type { S3Request } from './operation.ts'
import { type S3Server, startS3 } from './server.ts'
import { Bucket } from './state.ts'
import { elements, field } from './xml.ts'

let server: S3Server
let client: S3Client
const KEYS = ['a', 'a/b', 'a/c/d', 'a0', 'b--c--d', 'b--e', 'é', '\uffee', '\u{1f600}', '<&"\r>']

const list = (input: Partial<ListObjectsV2CommandInput> = {}) =>
  client.send(new ListObjectsV2Command({ Bucket: 'test', ...input }))

beforeAll(async () => {
  server = await startS3()
  client = clientOf(server)
  for (const Key of KEYS)
    await client.send(new PutObjectCommand({ Bucket: 'test', Key, Body: Key }))
})
afterAll(() => server.close())

describe('pages', () => {
  type Row = [Partial<ListObjectsV2CommandInput>, keys: string[], prefixes: string[], more: boolean]
  const rows: Row[] = [
    // U+1F600 is after U+FFEE by bytes, and before it by UTF-16 units.
    [
      {},
      ['<&"\r>', 'a', 'a/b', 'a/c/d', 'a0', 'b--c--d', 'b--e', 'é', '\uffee', '\u{1f600}'],
      [],
      false,
    ],
    [{ Prefix: 'a' }, ['a', 'a/b', 'a/c/d', 'a0'], [], false],
    [{ Prefix: 'a', Delimiter: '/' }, ['a', 'a0'], ['a/'], false],
    [{ Prefix: 'a/', Delimiter: '/' }, ['a/b'], ['a/c/'], false],
    [{ Prefix: 'b', Delimiter: '--' }, [], ['b--'], false],
    [{ Prefix: 'b--', Delimiter: '--' }, ['b--e'], ['b--c--'], false],
    [{ Prefix: 'a', StartAfter: 'a/b' }, ['a/c/d', 'a0'], [], false],
    [{ Prefix: 'a', StartAfter: 'a/b', Delimiter: '/' }, ['a0'], ['a/'], false],
    [{ Prefix: 'a', StartAfter: 'a/c/d', Delimiter: '/' }, ['a0'], [], false],
    [{ Prefix: 'a', MaxKeys: 2 }, ['a', 'a/b'], [], true],
    [{ Prefix: 'a', MaxKeys: 4 }, ['a', 'a/b', 'a/c/d', 'a0'], [], false],
    [{ Prefix: 'a', MaxKeys: 2, Delimiter: '/' }, ['a'], ['a/'], true],
    [{ Prefix: 'a', MaxKeys: 0 }, [], [], false],
    [{ Prefix: 'é', EncodingType: 'url' }, ['%C3%A9'], [], false],
    [{ Prefix: 'no' }, [], [], false],
  ]
  for (const [input, keys, prefixes, more] of rows)
    test(JSON.stringify(input), async () => {
      const page = await list(input)
      assert.deepEqual(
        (page.Contents ?? []).map(({ Key }) => Key),
        keys,
      )
      assert.deepEqual(
        (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
        prefixes,
      )
      assert.equal(page.IsTruncated, more)
      assert.equal(page.NextContinuationToken !== undefined, more)
      assert.equal(page.KeyCount, keys.length + prefixes.length)
    })
})

test('an entry tells size, ETag and time', async () => {
  const [entry] = (await list({ Prefix: 'é' })).Contents ?? []
  assert.equal(entry?.Size, 2)
  assert.match(entry?.ETag ?? '', /^"[0-9a-f]{32}"$/)
  assert.equal(entry?.LastModified?.getMilliseconds(), 0)
})

test('more than 1000 keys are asked for in vain', async () => {
  assert.equal((await list({ MaxKeys: 5000 })).MaxKeys, 1000)
})

for (const input of [
  { MaxKeys: -1 },
  { ContinuationToken: 'nonsense' },
  { EncodingType: 'base64' as 'url' },
])
  test(`${JSON.stringify(input)} is refused`, async () =>
    assert.deepEqual(await outcome(list(input)), ['InvalidArgument', 400]))

test('all pages together are the rolled-up keys, in order and once', async () => {
  const segment = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', '\uffee', '\u{1f600}') })
  const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(segment.filter(Boolean), { maxLength: 30 }),
      segment,
      fc.constantFrom('', '/', '-', '/-'),
      fc.option(segment, { nil: undefined }),
      fc.integer({ min: 1, max: 5 }),
      async (keys, prefix, delimiter, startAfter, size) => {
        const bucket = new Bucket('test')
        for (const key of keys)
          bucket.put(key, {
            content: { size: 0, segments: [] },
            etag: '',
            modified: new Date(0),
            checksum: undefined,
            headers: {},
            metadata: {},
          })
        const expected = new Set(
          keys
            .filter((key) => key.startsWith(prefix) && bytes(key, startAfter ?? '') > 0)
            .sort(bytes)
            .map((key) => {
              const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
              return cut === -1 ? `key ${key}` : `prefix ${key.slice(0, cut + delimiter.length)}`
            }),
        )
        const seen: string[] = []
        let token: string | undefined
        do {
          const parameters: Record<string, string | undefined> = {
            prefix,
            delimiter,
            'start-after': startAfter,
            'max-keys': String(size),
            'continuation-token': token,
          }
          const request: S3Request = {
            bucket,
            buckets: new Map(),
            key: '',
            headers: {},
            query: (name) => parameters[name],
            receive: () => assert.fail('a listing has no body'),
          }
          const { body } = await listObjects(request)
          const xml = body as string
          const page = [
            ...elements(xml, 'Contents').map((entry) => `key ${field(entry, 'Key')}`),
            ...elements(xml, 'CommonPrefixes').map((entry) => `prefix ${field(entry, 'Prefix')}`),
          ]
          assert.ok(page.length <= size)
          seen.push(...page.sort((a, b) => bytes(a.replace(/^\w+ /, ''), b.replace(/^\w+ /, ''))))
          token = field(xml, 'NextContinuationToken')
          assert.ok(token === undefined || page.length === size)
        } while (token !== undefined)
        assert.deepEqual(seen, [...expected])
      },
    ),
  )
})
