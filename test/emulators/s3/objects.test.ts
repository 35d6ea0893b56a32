import assert from 'node:assert/strict'
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { clientOf, outcome } from './harness.ts'
import { type S3Server, startS3 } from './server.ts'

let server: S3Server
let client: S3Client
const ETAG = '"5d41402abc4b2a76b9719d911017c592"'
const OTHER = '"00000000000000000000000000000000"'
const at = (Key: string, Bucket = 'test') => ({ Bucket, Key })
const put = (Key: string, input: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ ...at(Key), Body: 'hello', ...input }))
const bodyOf = async (Key: string, Bucket = 'test'): Promise<string | undefined> => {
  const got = await client.send(new GetObjectCommand(at(Key, Bucket)))
  return got.Body?.transformToString()
}

beforeAll(async () => {
  server = await startS3({ buckets: ['test', 'other'] })
  client = clientOf(server)
  await put('hello')
})
afterAll(() => server.close())

test('an object keeps its headers and metadata', async () => {
  const kept = {
    CacheControl: 'no-cache',
    ContentDisposition: 'inline',
    ContentEncoding: 'gzip',
    ContentLanguage: 'en',
    ContentType: 'text/x',
    Metadata: { one: '1', two: '2' },
  }
  const { ETag } = await put('kept', kept)
  assert.equal(ETag, ETAG)
  const head = await client.send(new HeadObjectCommand(at('kept')))
  for (const [name, value] of Object.entries(kept))
    assert.deepEqual(head[name as keyof typeof head], value)
  assert.equal(head.ETag, ETAG)
  assert.equal(head.ContentLength, 5)
  assert.equal(head.AcceptRanges, 'bytes')
  assert.ok(Math.abs(Date.now() - head.LastModified!.getTime()) < 60_000)
})

test('a request overrides the headers it asks to', async () => {
  const got = await client.send(
    new GetObjectCommand({
      ...at('hello'),
      ResponseContentType: 'text/html',
      ResponseContentDisposition: 'attachment',
      ResponseCacheControl: 'no-store',
    }),
  )
  assert.equal(await got.Body?.transformToString(), 'hello')
  assert.deepEqual(
    [got.ContentType, got.ContentDisposition, got.CacheControl],
    ['text/html', 'attachment', 'no-store'],
  )
})

describe('what is not there or not allowed', () => {
  const long = 'ü'.repeat(512)
  type Row = [name: string, call: () => Promise<unknown>, expected: [string, number]]
  const rows: Row[] = [
    ['GET', () => client.send(new GetObjectCommand(at('no'))), ['NoSuchKey', 404]],
    ['HEAD', () => client.send(new HeadObjectCommand(at('no'))), ['NotFound', 404]],
    ['no bucket', () => client.send(new PutObjectCommand(at('a', 'no'))), ['NoSuchBucket', 404]],
    ['HEAD of a bucket', () => client.send(new HeadBucketCommand({ Bucket: 'test' })), ['ok', 200]],
    ['the longest key', () => put(long), ['ok', 200]],
    ['a longer key', () => put(`${long}x`), ['KeyTooLongError', 400]],
    ['most metadata', () => put('meta', { Metadata: { a: 'x'.repeat(2047) } }), ['ok', 200]],
    [
      'more metadata',
      () => put('meta', { Metadata: { a: 'x'.repeat(2048) } }),
      ['MetadataTooLarge', 400],
    ],
  ]
  for (const [name, call, expected] of rows)
    test(name, async () => assert.deepEqual(await outcome(call()), expected))
})

describe('ranges of hello', () => {
  const rows: [range: string, body: string, contentRange: string | undefined][] = [
    ['bytes=0-0', 'h', 'bytes 0-0/5'],
    ['bytes=1-3', 'ell', 'bytes 1-3/5'],
    ['bytes=1-', 'ello', 'bytes 1-4/5'],
    ['bytes=3-99', 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 'lo', 'bytes 3-4/5'],
    ['bytes=-99', 'hello', 'bytes 0-4/5'],
    ['bytes=3-1', 'hello', undefined],
    ['bytes=0-0,2-2', 'hello', undefined],
    ['lines=0-1', 'hello', undefined],
  ]
  for (const [Range, body, contentRange] of rows)
    test(Range, async () => {
      const got = await client.send(new GetObjectCommand({ ...at('hello'), Range }))
      assert.equal(await got.Body?.transformToString(), body)
      assert.equal(got.ContentRange, contentRange)
      assert.equal(got.$metadata.httpStatusCode, contentRange === undefined ? 200 : 206)
      assert.equal(got.ContentLength, body.length)
    })
  for (const Range of ['bytes=5-', 'bytes=-0'])
    test(`${Range} is not satisfiable`, async () => {
      const error = await client
        .send(new GetObjectCommand({ ...at('hello'), Range }))
        .catch((reason) => reason)
      assert.equal(error.name, 'InvalidRange')
      assert.equal(error.$metadata.httpStatusCode, 416)
      assert.equal(error.ActualObjectSize, '5')
    })
  test('HEAD with a range', async () => {
    const head = await client.send(new HeadObjectCommand({ ...at('hello'), Range: 'bytes=1-2' }))
    assert.deepEqual([head.ContentLength, head.ContentRange], [2, 'bytes 1-2/5'])
  })
})

describe('conditional reads', () => {
  const past = new Date('2001-01-01')
  const future = new Date(Date.now() + 86_400_000)
  // The object may be written a second after this line is run.
  const soon = new Date(Date.now() + 60_000)
  const rows: [Partial<GetObjectCommandInput>, status: number][] = [
    [{ IfMatch: ETAG }, 200],
    [{ IfMatch: OTHER }, 412],
    [{ IfMatch: '*' }, 200],
    [{ IfNoneMatch: ETAG }, 304],
    [{ IfNoneMatch: OTHER }, 200],
    [{ IfModifiedSince: past }, 200],
    [{ IfModifiedSince: soon }, 304],
    [{ IfUnmodifiedSince: future }, 200],
    [{ IfUnmodifiedSince: past }, 412],
    [{ IfMatch: ETAG, IfUnmodifiedSince: past }, 200],
    [{ IfNoneMatch: OTHER, IfModifiedSince: soon }, 200],
  ]
  for (const [input, status] of rows)
    test(JSON.stringify(input), async () => {
      const get = client.send(new GetObjectCommand({ ...at('hello'), ...input }))
      assert.equal((await outcome(get))[1], status)
    })
})

describe('conditional writes', () => {
  type Row = [key: string, Partial<PutObjectCommandInput>, expected: [string, number]]
  const rows: Row[] = [
    ['hello', { IfNoneMatch: '*' }, ['PreconditionFailed', 412]],
    ['fresh', { IfNoneMatch: '*' }, ['ok', 200]],
    ['hello', { IfMatch: ETAG }, ['ok', 200]],
    ['hello', { IfMatch: OTHER }, ['PreconditionFailed', 412]],
    ['absent', { IfMatch: ETAG }, ['NoSuchKey', 404]],
    ['hello', { IfNoneMatch: ETAG }, ['NotImplemented', 501]],
  ]
  for (const [key, input, expected] of rows)
    test(`PUT ${key} ${JSON.stringify(input)}`, async () =>
      assert.deepEqual(await outcome(put(key, input)), expected))

  test('of many that race to create, one does', async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => String(index).repeat(70_000))
    const results = await Promise.all(
      bodies.map((Body) => outcome(put('race', { Body, IfNoneMatch: '*' }))),
    )
    const winners = results.flatMap(([code], index) => (code === 'ok' ? [index] : []))
    assert.equal(winners.length, 1)
    assert.equal(await bodyOf('race'), bodies[winners[0]!])
    assert.ok(results.every(([, status]) => status === 200 || status === 412))
  })
})

describe('deletes', () => {
  test('a missing key is no error', async () =>
    assert.deepEqual(await outcome(client.send(new DeleteObjectCommand(at('no')))), ['ok', 200]))

  test('If-Match guards', async () => {
    await put('guarded')
    const remove = (IfMatch: string) =>
      outcome(client.send(new DeleteObjectCommand({ ...at('guarded'), IfMatch })))
    assert.deepEqual(await remove(OTHER), ['PreconditionFailed', 412])
    assert.equal(await bodyOf('guarded'), 'hello')
    assert.deepEqual(await remove(ETAG), ['ok', 200])
    assert.deepEqual(await outcome(bodyOf('guarded')), ['NoSuchKey', 404])
  })

  const remove = (keys: { Key: string; ETag?: string }[], Quiet = false, by = client) =>
    by.send(new DeleteObjectsCommand({ Bucket: 'test', Delete: { Objects: keys, Quiet } }))

  test('many at once', async () => {
    const names = ['many/<&>"', 'many/\r\n', "many/ü'"]
    for (const name of names) await put(name)
    const { Deleted, Errors } = await remove([
      ...names.map((Key) => ({ Key })),
      { Key: 'no' },
      { Key: 'hello', ETag: OTHER },
    ])
    assert.deepEqual(
      Deleted,
      [...names, 'no'].map((Key) => ({ Key })),
    )
    assert.deepEqual(
      Errors?.map(({ Key, Code }) => [Key, Code]),
      [['hello', 'PreconditionFailed']],
    )
    for (const name of names) assert.deepEqual(await outcome(bodyOf(name)), ['NoSuchKey', 404])
    assert.equal(await bodyOf('hello'), 'hello')
  })

  test('quietly', async () => {
    await put('quiet')
    const { Deleted } = await remove([{ Key: 'quiet' }], true)
    assert.equal(Deleted, undefined)
    assert.deepEqual(await outcome(bodyOf('quiet')), ['NoSuchKey', 404])
  })

  for (const [count, expected] of [
    [1000, 'ok'],
    [1001, 'MalformedXML'],
    [0, 'MalformedXML'],
  ] as const)
    test(`${count} keys`, async () => {
      const keys = Array.from({ length: count }, (_, index) => ({ Key: `k${index}` }))
      assert.equal((await outcome(remove(keys)))[0], expected)
    })

  test('a checksum is required', async () => {
    const bare = clientOf(server, {
      before: (request) => {
        for (const name of Object.keys(request.headers))
          if (/checksum|md5/i.test(name)) delete request.headers[name]
      },
    })
    assert.deepEqual(await outcome(remove([{ Key: 'a' }], false, bare)), ['InvalidRequest', 400])
  })
})

describe('copies', () => {
  const copy = (Key: string, CopySource: string, input: Partial<CopyObjectCommandInput> = {}) =>
    client.send(new CopyObjectCommand({ ...at(Key, 'other'), CopySource, ...input }))

  test('bytes and metadata follow, unless replaced', async () => {
    await put('from/ü +', {
      Metadata: { a: 'b' },
      ContentType: 'text/x',
      ChecksumAlgorithm: 'SHA1',
    })
    const source = encodeURIComponent('test/from/ü +')
    const { CopyObjectResult } = await copy('to', source)
    assert.equal(CopyObjectResult?.ETag, ETAG)
    assert.equal(CopyObjectResult?.ChecksumSHA1, 'qvTGHdzF6KLavt4PO0gs2a6pQ00=')
    assert.equal(await bodyOf('to', 'other'), 'hello')
    const head = await client.send(new HeadObjectCommand(at('to', 'other')))
    assert.deepEqual([head.Metadata, head.ContentType], [{ a: 'b' }, 'text/x'])
    await copy('to', source, { MetadataDirective: 'REPLACE', Metadata: { c: 'd' } })
    const replaced = await client.send(new HeadObjectCommand(at('to', 'other')))
    assert.deepEqual([replaced.Metadata, replaced.ContentType], [{ c: 'd' }, 'binary/octet-stream'])
  })

  test('a checksum is computed when asked for', async () => {
    const { CopyObjectResult } = await copy('summed', 'test/hello', { ChecksumAlgorithm: 'SHA256' })
    assert.equal(CopyObjectResult?.ChecksumSHA256, 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=')
  })

  type Row = [
    name: string,
    source: string,
    Partial<CopyObjectCommandInput>,
    expected: [string, number],
  ]
  const rows: Row[] = [
    ['a leading slash', '/test/hello', {}, ['ok', 200]],
    ['no such key', 'test/no', {}, ['NoSuchKey', 404]],
    ['no such bucket', 'no/hello', {}, ['NoSuchBucket', 404]],
    ['no key', 'test', {}, ['InvalidArgument', 400]],
    ['create only', 'test/hello', { Key: 'taken', IfNoneMatch: '*' }, ['PreconditionFailed', 412]],
    ['create', 'test/hello', { Key: 'new', IfNoneMatch: '*' }, ['ok', 200]],
    ['source matches', 'test/hello', { CopySourceIfMatch: ETAG }, ['ok', 200]],
    ['source differs', 'test/hello', { CopySourceIfMatch: OTHER }, ['PreconditionFailed', 412]],
    ['source known', 'test/hello', { CopySourceIfNoneMatch: ETAG }, ['PreconditionFailed', 412]],
    ['onto itself', 'test/hello', { Bucket: 'test', Key: 'hello' }, ['InvalidRequest', 400]],
    [
      'onto itself, replacing',
      'test/hello',
      { Bucket: 'test', Key: 'hello', MetadataDirective: 'REPLACE' },
      ['ok', 200],
    ],
  ]
  for (const [name, source, input, expected] of rows)
    test(name, async () => {
      await client.send(new PutObjectCommand({ ...at('taken', 'other'), Body: 'x' }))
      assert.deepEqual(await outcome(copy('row', source, input)), expected)
    })
})
