/**
 * Abandoned uploads are deleted, and nothing else.
 */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { dataKey, uploadSegmentKey } from '../../functions/registry/layout.ts'
import { expireUploads, UPLOAD_LIFE } from '../../functions/registry/uploads/expire.ts'
import { MIN_PART_SIZE } from '../../functions/storage/store.ts'

const root = await mkdtemp(join(tmpdir(), 'slipway-expire-'))
afterAll(() => rm(root, { recursive: true }))
const store = openFileStore(root)
const blob = dataKey(`sha256:${'a'.repeat(64)}`)
const segment = uploadSegmentKey('11111111-1111-4111-8111-111111111111', 0, 'n')

test('what is young enough stays, what is older is deleted', async () => {
  await store.put(blob, Buffer.from('data'))
  await store.put(segment, Buffer.from('staged'))
  const upload = await store.createMultipart(blob, MIN_PART_SIZE)
  assert.deepEqual(await expireUploads(store, Date.now() + UPLOAD_LIFE - 60_000), {
    objects: 0,
    multiparts: 0,
  })
  assert.equal((await store.listMultiparts('')).length, 1)
  assert.deepEqual(await expireUploads(store, Date.now() + UPLOAD_LIFE + 60_000), {
    objects: 1,
    multiparts: 1,
  })
  assert.equal(await store.head(segment), undefined)
  assert.deepEqual(await store.listMultiparts(''), [])
  await assert.rejects(store.listParts(upload))
  assert.equal((await store.head(blob))?.size, 4)
})
