import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { clientOf, outcome } from './harness.ts'
import { type S3Server, startS3 } from './server.ts'

let server: S3Server
let client: S3Client
const MIB = 1024 ** 2
const FIVE = Buffer.alloc(5 * MIB, 'five')
const TAIL = Buffer.from('tail')
const Bucket = 'test'

interface Named {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string
}

const create = async (
  Key: string,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<Named> => {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...input }),
  )
  return { Bucket, Key, UploadId: UploadId! }
}
const upload = async (named: Named, PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
  const { ETag } = await client.send(new UploadPartCommand({ ...named, PartNumber, Body }))
  return { PartNumber, ETag }
}
const complete = (
  named: Named,
  Parts: CompletedPart[],
  input: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  client.send(
    new CompleteMultipartUploadCommand({ ...named, MultipartUpload: { Parts }, ...input }),
  )
const bytesOf = async (Key: string): Promise<Buffer> => {
  const got = await client.send(new GetObjectCommand({ Bucket, Key }))
  return Buffer.from((await got.Body?.transformToByteArray()) ?? [])
}
const md5 = (data: Buffer): Buffer => createHash('md5').update(data).digest()

beforeAll(async () => {
  server = await startS3({ buckets: ['test', 'other'] })
  client = clientOf(server)
})
afterAll(() => server.close())

test('parts make an object', async () => {
  const named = await create('whole', { ContentType: 'text/x', Metadata: { a: 'b' } })
  // Sent in any order, and one of them twice.
  const tail = await upload(named, 7, TAIL)
  await upload(named, 2, TAIL)
  const first = await upload(named, 2, FIVE)
  const { ETag } = await complete(named, [first, tail])
  const expected = md5(Buffer.concat([md5(FIVE), md5(TAIL)])).toString('hex')
  assert.equal(ETag, `"${expected}-2"`)
  assert.ok(Buffer.concat([FIVE, TAIL]).equals(await bytesOf('whole')))
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'whole' }))
  assert.deepEqual([head.ContentType, head.Metadata, head.ETag], ['text/x', { a: 'b' }, ETag])
  // A copy of it is of one piece.
  const copied = await client.send(
    new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: 'test/whole' }),
  )
  const whole = md5(Buffer.concat([FIVE, TAIL])).toString('hex')
  assert.equal(copied.CopyObjectResult?.ETag, `"${whole}"`)
})

test('parts not named are left out', async () => {
  const named = await create('some')
  await upload(named, 1, FIVE)
  await complete(named, [await upload(named, 2, TAIL)])
  assert.ok(TAIL.equals(await bytesOf('some')))
})

describe('completion refuses', () => {
  type Build = (named: Named) => Promise<CompletedPart[]>
  const rows: [name: string, build: Build, expected: [string, number]][] = [
    ['no parts', async () => [], ['MalformedXML', 400]],
    [
      'a descending order',
      async (named) => [await upload(named, 2, FIVE), await upload(named, 1, TAIL)],
      ['InvalidPartOrder', 400],
    ],
    [
      'a part twice',
      async (named) => {
        const part = await upload(named, 1, FIVE)
        return [part, part]
      },
      ['InvalidPartOrder', 400],
    ],
    [
      'a part that is missing',
      async (named) => [await upload(named, 1, FIVE), { PartNumber: 2, ETag: '"x"' }],
      ['InvalidPart', 400],
    ],
    [
      'another ETag',
      async (named) => {
        await upload(named, 1, FIVE)
        return [{ PartNumber: 1, ETag: `"${'0'.repeat(32)}"` }]
      },
      ['InvalidPart', 400],
    ],
    [
      'a part replaced since',
      async (named) => {
        const part = await upload(named, 1, FIVE)
        await upload(named, 1, TAIL)
        return [part]
      },
      ['InvalidPart', 400],
    ],
    [
      'a small part before the last',
      async (named) => [await upload(named, 1, FIVE.subarray(1)), await upload(named, 2, TAIL)],
      ['EntityTooSmall', 400],
    ],
  ]
  for (const [name, build, expected] of rows)
    test(name, async () => {
      const named = await create(`refused/${name}`)
      assert.deepEqual(await outcome(complete(named, await build(named))), expected)
      assert.deepEqual(await outcome(bytesOf(named.Key)), ['NoSuchKey', 404])
      // The upload is still there to be completed rightly.
      await complete(named, [await upload(named, 1, TAIL)])
    })

  test('what its condition excludes', async () => {
    const named = await create('whole?')
    const part = await upload(named, 1, TAIL)
    await client.send(new PutObjectCommand({ Bucket, Key: 'whole?', Body: 'first' }))
    const failed = await outcome(complete(named, [part], { IfNoneMatch: '*' }))
    assert.deepEqual(failed, ['PreconditionFailed', 412])
    const wrong = await outcome(complete(named, [part], { IfMatch: '"x"' }))
    assert.deepEqual(wrong, ['PreconditionFailed', 412])
    assert.equal(String(await bytesOf('whole?')), 'first')
    const IfMatch = `"${md5(Buffer.from('first')).toString('hex')}"`
    assert.deepEqual(await outcome(complete(named, [part], { IfMatch })), ['ok', 200])
  })
})

describe('an upload that is gone', () => {
  const ends: [string, (named: Named, part: CompletedPart) => Promise<unknown>][] = [
    ['completed', (named, part) => complete(named, [part])],
    ['aborted', (named) => client.send(new AbortMultipartUploadCommand(named))],
  ]
  for (const [name, end] of ends)
    test(name, async () => {
      const named = await create('gone')
      const part = await upload(named, 1, TAIL)
      await end(named, part)
      const calls = [
        () => upload(named, 2, TAIL),
        () => complete(named, [part]),
        () => client.send(new ListPartsCommand(named)),
        () => client.send(new AbortMultipartUploadCommand(named)),
        () =>
          client.send(
            new UploadPartCopyCommand({ ...named, PartNumber: 1, CopySource: 'test/whole' }),
          ),
      ]
      for (const call of calls) assert.deepEqual(await outcome(call()), ['NoSuchUpload', 404])
    })

  test('or belongs to another key', async () => {
    const named = await create('mine')
    const other = await outcome(upload({ ...named, Key: 'yours' }, 1, TAIL))
    assert.deepEqual(other, ['NoSuchUpload', 404])
  })
})

for (const number of [0, 10_001, -1])
  test(`part number ${number} is refused`, async () => {
    const named = await create('numbers')
    assert.deepEqual(await outcome(upload(named, number, TAIL)), ['InvalidArgument', 400])
  })

describe('UploadPartCopy', () => {
  beforeAll(async () => {
    const source = Buffer.concat([FIVE, TAIL])
    await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: source }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'source5', Body: FIVE }))
  })
  type Row = [source: string, range: string | undefined, expected: [string, number]]
  const rows: Row[] = [
    ['test/source', 'bytes=0-5242883', ['ok', 200]],
    ['test/source', 'bytes=0-5242884', ['InvalidArgument', 400]],
    ['test/source', 'bytes=5-', ['InvalidArgument', 400]],
    ['test/source', 'bytes=5-4', ['InvalidArgument', 400]],
    ['test/source5', 'bytes=0-9', ['InvalidRequest', 400]],
    ['test/source5', undefined, ['ok', 200]],
    ['test/no', undefined, ['NoSuchKey', 404]],
  ]
  for (const [CopySource, CopySourceRange, expected] of rows)
    test(`${CopySource} ${CopySourceRange}`, async () => {
      const named = await create('copies')
      const command = new UploadPartCopyCommand({
        ...named,
        PartNumber: 1,
        CopySource,
        CopySourceRange,
      })
      assert.deepEqual(await outcome(client.send(command)), expected)
    })

  test('ranges make an object', async () => {
    const named = await create('pieces')
    const part = async (PartNumber: number, CopySourceRange: string): Promise<CompletedPart> => {
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({
          ...named,
          PartNumber,
          CopySource: 'test/source',
          CopySourceRange,
        }),
      )
      return { PartNumber, ETag: CopyPartResult?.ETag }
    }
    const parts = [await part(1, 'bytes=1-5242880'), await part(2, 'bytes=5242881-5242883')]
    await complete(named, parts)
    const expected = Buffer.concat([FIVE, TAIL]).subarray(1)
    assert.ok(expected.equals(await bytesOf('pieces')))
  })
})

describe('checksums of uploads', () => {
  const sha = (data: Buffer): Buffer => createHash('sha256').update(data).digest()
  const send = (named: Named, PartNumber: number, Body: Buffer, ChecksumSHA256?: string) =>
    client.send(
      new UploadPartCommand({ ...named, PartNumber, Body, ChecksumSHA256: ChecksumSHA256! }),
    )

  test('are of the checksums of the parts, all of which must be named', async () => {
    const named = await create('composite', { ChecksumAlgorithm: 'SHA256' })
    const bodies = [FIVE, TAIL]
    const parts: CompletedPart[] = []
    for (const [index, body] of bodies.entries())
      parts.push({
        PartNumber: index + 1,
        ...(await send(named, index + 1, body, sha(body).toString('base64'))),
      })
    const bare = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))
    assert.deepEqual(await outcome(complete(named, bare)), ['InvalidRequest', 400])
    const swapped = parts.map((part) => ({ ...part, ChecksumSHA256: parts[1]!.ChecksumSHA256! }))
    assert.deepEqual(await outcome(complete(named, swapped)), ['InvalidPart', 400])
    const { ChecksumSHA256, ChecksumType } = await complete(named, parts)
    const expected = sha(Buffer.concat(bodies.map(sha))).toString('base64')
    assert.deepEqual([ChecksumSHA256, ChecksumType], [`${expected}-2`, 'COMPOSITE'])
  })

  test('can be of the whole for a CRC', async () => {
    const named = await create('full', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
    const Body = Buffer.from('123456789')
    const part = await client.send(
      new UploadPartCommand({ ...named, PartNumber: 1, Body, ChecksumCRC32: 'y/Q5Jg==' }),
    )
    const { ChecksumCRC32, ChecksumType } = await complete(named, [
      { PartNumber: 1, ETag: part.ETag },
    ])
    assert.deepEqual([ChecksumCRC32, ChecksumType], ['y/Q5Jg==', 'FULL_OBJECT'])
  })

  test('are required of each part', async () => {
    const named = await create('missing', { ChecksumAlgorithm: 'SHA256' })
    assert.deepEqual(await outcome(send(named, 1, TAIL)), ['InvalidRequest', 400])
  })

  test('SHA-256 has no type for the whole', async () => {
    const input = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' } as const
    assert.deepEqual(await outcome(create('type', input)), ['InvalidRequest', 400])
  })
})

describe('listings', () => {
  test('parts, page by page', async () => {
    const named = await create('parts')
    for (const number of [10, 2, 1]) await upload(named, number, TAIL)
    const page = await client.send(new ListPartsCommand({ ...named, MaxParts: 2 }))
    assert.deepEqual(
      page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
      [
        [1, 4],
        [2, 4],
      ],
    )
    assert.deepEqual([page.IsTruncated, page.NextPartNumberMarker], [true, '2'])
    const rest = await client.send(new ListPartsCommand({ ...named, PartNumberMarker: '2' }))
    assert.deepEqual(
      rest.Parts?.map(({ PartNumber, ETag }) => [PartNumber, ETag]),
      [[10, `"${md5(TAIL).toString('hex')}"`]],
    )
    assert.equal(rest.IsTruncated, false)
  })

  test('uploads, page by page', async () => {
    const other = { Bucket: 'other' }
    const opened: string[] = []
    for (const Key of ['b', 'a/2', 'a/1', 'a/1']) {
      const named = await create(Key, other)
      opened.push(`${Key} ${named.UploadId}`)
    }
    const seen: string[] = []
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}
    for (let more = true; more; ) {
      const page = await client.send(
        new ListMultipartUploadsCommand({ ...other, Prefix: 'a/', MaxUploads: 1, ...marker }),
      )
      assert.equal(page.Uploads?.length, 1)
      seen.push(...page.Uploads.map(({ Key, UploadId }) => `${Key} ${UploadId}`))
      more = page.IsTruncated ?? false
      marker = { KeyMarker: page.NextKeyMarker!, UploadIdMarker: page.NextUploadIdMarker! }
    }
    assert.equal(seen[2], opened[1])
    assert.deepEqual(new Set(seen), new Set(opened.slice(1)))
    const after = await client.send(new ListMultipartUploadsCommand({ ...other, KeyMarker: 'a/1' }))
    assert.deepEqual(
      after.Uploads?.map(({ Key }) => Key),
      ['a/2', 'b'],
    )
  })
})
