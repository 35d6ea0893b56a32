import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListPartsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { copyObject } from './copy.ts'
import { clientOf, fetched, outcome, raw, type SdkRequest } from './harness.ts'
import { MAX_PUT } from './payload.ts'
import { type S3Server, startS3 } from './server.ts'
import { Bucket } from './state.ts'

let server: S3Server
const object = { Bucket: 'test', Key: 'hello' }
let upload: typeof object & { UploadId: string }

beforeAll(async () => {
  server = await startS3()
  const client = clientOf(server)
  await client.send(new PutObjectCommand({ ...object, Body: 'hello' }))
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
  upload = { ...object, UploadId: UploadId! }
})
afterAll(() => server.close())

describe('XML bodies', () => {
  const sending = (body: string) =>
    clientOf(server, {
      before: (request: SdkRequest & { body?: unknown }) => {
        for (const name of Object.keys(request.headers))
          if (/checksum/i.test(name)) delete request.headers[name]
        request.body = body
        request.headers['content-md5'] = createHash('md5').update(body).digest('base64')
        request.headers['content-length'] = String(Buffer.byteLength(body))
      },
    })
  const remove = (body: string): Promise<unknown> =>
    sending(body).send(
      new DeleteObjectsCommand({ Bucket: 'test', Delete: { Objects: [{ Key: 'no' }] } }),
    )
  const complete = (body: string): Promise<unknown> =>
    sending(body).send(new CompleteMultipartUploadCommand(upload))
  const wrap = (part: string): string =>
    `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`

  const rows: [name: string, call: () => Promise<unknown>, expected: [string, number]][] = [
    ['a good delete', () => remove('<Delete><Object><Key>no</Key></Object></Delete>'), ['ok', 200]],
    ['no key', () => remove('<Delete><Object></Object></Delete>'), ['MalformedXML', 400]],
    ['another root', () => remove('<D><Object><Key>no</Key></Object></D>'), ['MalformedXML', 400]],
    ['no end', () => remove('<Delete><Object><Key>no</Key></Object>'), ['MalformedXML', 400]],
    ['no part', () => complete(wrap('')), ['MalformedXML', 400]],
    ['no number', () => complete(wrap('<Part><ETag>x</ETag></Part>')), ['MalformedXML', 400]],
    [
      'no ETag',
      () => complete(wrap('<Part><PartNumber>1</PartNumber></Part>')),
      ['MalformedXML', 400],
    ],
    [
      'a part that is not there',
      () => complete(wrap('<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>')),
      ['InvalidPart', 400],
    ],
  ]
  for (const [name, call, expected] of rows)
    test(name, async () => assert.deepEqual(await outcome(call()), expected))
})

describe('what the server does not know', () => {
  const client = () => clientOf(server)
  const asking = (query: Record<string, string>) =>
    clientOf(server, { before: (request) => Object.assign(request.query, query) })
  const rows: [name: string, call: () => Promise<unknown>, expected: [string, number]][] = [
    ['an ACL', () => client().send(new GetObjectAclCommand(object)), ['NotImplemented', 501]],
    [
      'a listing of version 1',
      () => client().send(new ListObjectsCommand({ Bucket: 'test' })),
      ['NotImplemented', 501],
    ],
    [
      'a version',
      () => client().send(new GetObjectCommand({ ...object, VersionId: 'x' })),
      ['NotImplemented', 501],
    ],
    [
      'a part of an object',
      () => client().send(new GetObjectCommand({ ...object, PartNumber: 1 })),
      ['NotImplemented', 501],
    ],
    [
      'a version to copy',
      () =>
        client().send(new CopyObjectCommand({ ...object, CopySource: 'test/hello?versionId=x' })),
      ['NotImplemented', 501],
    ],
    [
      'uploads rolled up',
      () => client().send(new ListMultipartUploadsCommand({ Bucket: 'test', Delimiter: '/' })),
      ['NotImplemented', 501],
    ],
    [
      'a page of words',
      () =>
        asking({ 'max-uploads': 'x' }).send(new ListMultipartUploadsCommand({ Bucket: 'test' })),
      ['InvalidArgument', 400],
    ],
    [
      'a marker of words',
      () => asking({ 'part-number-marker': 'x' }).send(new ListPartsCommand(upload)),
      ['InvalidArgument', 400],
    ],
    [
      'a checksum algorithm',
      () =>
        client().send(
          new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: 'MD6' as 'SHA1' }),
        ),
      ['InvalidRequest', 400],
    ],
    [
      'a checksum type',
      () =>
        client().send(
          new CreateMultipartUploadCommand({
            ...object,
            ChecksumAlgorithm: 'CRC32',
            ChecksumType: 'HALF' as 'COMPOSITE',
          }),
        ),
      ['InvalidRequest', 400],
    ],
    [
      'a metadata directive',
      () =>
        client().send(
          new CopyObjectCommand({
            ...object,
            CopySource: 'test/hello',
            MetadataDirective: 'KEEP' as 'COPY',
          }),
        ),
      ['InvalidArgument', 400],
    ],
  ]
  for (const [name, call, expected] of rows)
    test(name, async () => assert.deepEqual(await outcome(call()), expected))

  test('the service itself, unsigned', async () =>
    assert.deepEqual(await fetched(server.endpoint), ['AccessDenied', 403]))

  test('a path that is no URI', async () => {
    const result = await raw(server.endpoint, { path: '/test/%zz' }, (request) => request.end())
    assert.deepEqual(result, ['InvalidURI', 400])
  })
})

// No machine is asked to hold an object of such a size: its bytes are not read.
test('more than 5 GiB are not copied at once', async () => {
  const bucket = new Bucket('test')
  const content = { size: MAX_PUT + 1, segments: [] }
  const modified = new Date(0)
  bucket.put('large', {
    content,
    etag: '',
    modified,
    checksum: undefined,
    headers: {},
    metadata: {},
  })
  await assert.rejects(
    async () =>
      copyObject({
        bucket,
        buckets: new Map([['test', bucket]]),
        key: 'copy',
        headers: { 'x-amz-copy-source': 'test/large' },
        query: () => undefined,
        receive: () => assert.fail('a copy has no body'),
      }),
    { code: 'InvalidRequest' },
  )
})
