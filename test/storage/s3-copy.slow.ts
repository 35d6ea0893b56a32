/**
 * Large copies inside S3 are made in parts, at the same time.
 */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, test } from 'vitest'
import { isStoreError } from '../../functions/storage/errors.ts'
import { createS3Store, type S3Store } from '../../functions/storage/s3/store.ts'
import { type S3Server, startS3 } from '../emulators/s3/server.ts'

const MEBIBYTE = 1024 * 1024
const SIZE = 150 * MEBIBYTE + 17

let s3: S3Server
let store: S3Store

beforeAll(async () => {
  s3 = await startS3()
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3
  const credentials = { accessKeyId, secretAccessKey }
  store = createS3Store({ endpoint, region, bucket, credentials, forcePathStyle: true })
})
afterAll(() => s3.close())

const hashOf = async (key: string): Promise<string> => {
  const hash = createHash('sha256')
  const read = await store.get(key)
  assert(read)
  for await (const chunk of read.body) hash.update(chunk)
  return hash.digest('hex')
}

test('a copy beyond 128 MiB is made of parallel parts and has the same bytes', async () => {
  const upload = await store.createMultipart('from', 50 * MEBIBYTE)
  const block = randomBytes(50 * MEBIBYTE)
  const sizes = [50, 50, 50].map((size) => size * MEBIBYTE).concat(17)
  const parts = []
  for (const [at, size] of sizes.entries()) {
    block.writeUInt32BE(at)
    parts.push(await store.uploadPart(upload, at + 1, block.subarray(0, size)))
  }
  const { etag } = await store.completeMultipart(upload, parts)
  s3.counter.reset()
  // One part is sent twice: a temporary failure is retried.
  s3.faults.next({ operation: 'UploadPartCopy' }, { error: 'SlowDown' }, 1)
  await store.copy('from', 'to', SIZE, etag)
  assert.deepEqual(s3.counter.counts, {
    CreateMultipartUpload: 1,
    UploadPartCopy: 3 + 1,
    CompleteMultipartUpload: 1,
  })
  assert.equal((await store.head('to'))?.size, SIZE)
  assert.equal(await hashOf('to'), await hashOf('from'))
})

test.each([
  ['without a source', 'none', undefined],
  ['of another version', 'from', 'other'],
])('a large copy %s leaves no open upload and no object', async (_, from, etag) => {
  await assert.rejects(store.copy(from, 'nowhere', SIZE, etag), (error) =>
    isStoreError(error, 'missing'),
  )
  assert.equal(await store.head('nowhere'), undefined)
  assert.deepEqual(await store.listMultiparts(''), [])
})
