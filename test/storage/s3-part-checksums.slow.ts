/**
 * Parts with SHA-256 checksums, as with AWS itself: the whole contract, and what they are for.
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { isStoreError } from '../../functions/storage/errors.ts'
import { createS3Store, type S3Store } from '../../functions/storage/s3/store.ts'
import { MIN_PART_SIZE } from '../../functions/storage/store.ts'
import { type S3Server, startS3 } from '../emulators/s3/server.ts'
import { storeContract } from './contract.ts'

const open = async () => {
  const server = await startS3()
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const options = { bucket, region, endpoint, forcePathStyle: true, credentials }
  return { server, store: createS3Store({ ...options, partChecksums: true }) }
}

storeContract(
  's3 with part checksums',
  async () => {
    const { server, store } = await open()
    return { store, close: server.close }
  },
  { presigns: true, memory: 'not' },
)

describe('a part with a checksum', () => {
  let server: S3Server
  let store: S3Store
  beforeAll(async () => {
    const opened = await open()
    server = opened.server
    store = opened.store
  })
  afterAll(() => server.close())

  test('cannot be replaced by another one with the same MD5', async () => {
    const upload = await store.createMultipart('a', MIN_PART_SIZE)
    const part = await store.uploadPart(upload, 1, Buffer.from('right'))
    assert.match(part.etag, /^[0-9a-f]{32}~/)
    assert.deepEqual(await store.listParts(upload), [part])
    const [md5] = part.etag.split('~')
    const other = Buffer.alloc(32, 1).toString('base64')
    const forged = { ...part, etag: `${md5}~${other}` }
    await assert.rejects(store.completeMultipart(upload, [forged]), (error) =>
      isStoreError(error, 'multipart', 'checksum'),
    )
    await store.completeMultipart(upload, [part])
    assert.equal((await store.head('a'))?.size, 5)
  })
})
