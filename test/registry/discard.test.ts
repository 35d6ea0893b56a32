/**
 * Ending an upload deletes everything that it staged, also more than a page of a listing.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { uploadSegmentKey } from '../../functions/registry/layout.ts'
import { discard } from '../../functions/registry/uploads/ending.ts'
import { newUpload } from '../../functions/registry/uploads/state.ts'
import { type OpenedBucket, openBucket } from '../support/rig/stores.ts'

const UUID = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

let bucket: OpenedBucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

test('1,500 staged objects take two listings and two deletions', async () => {
  const { store, s3, fill } = bucket
  const staged = Array.from({ length: 1500 }, (_, at) => uploadSegmentKey(UUID, at, 'n'))
  const other = uploadSegmentKey(OTHER, 0, 'n')
  for (const key of [...staged, other]) await fill(key, Buffer.from('x'))
  s3.counter.reset()
  await discard(store, newUpload('app', UUID, Date.now()))
  expect(s3.counter.counts).toEqual({ ListObjectsV2: 2, DeleteObjects: 2 })
  expect((await store.list('')).objects.map(({ key }) => key)).toEqual([other])
})
