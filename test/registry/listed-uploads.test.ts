/**
 * What is listed of unfinished uploads.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { dataKey, uploadDataKey, uploadSegmentKey } from '../../functions/registry/layout.ts'
import { listStaged } from '../../functions/registry/uploads/staged.ts'
import { MIN_PART_SIZE, type ObjectStore } from '../../functions/storage/store.ts'
import { contentOf } from '../support/hosts/content.ts'
import { STORES } from '../support/rig/stores.ts'

const { sha256 } = contentOf('a blob')

describe.each(STORES)('%s', async (_, open) => {
  const { store, close } = await open()
  afterAll(close)

  test('objects and parts, the largest first', async () => {
    expect(await listStaged(store)).toEqual({ uploads: [], complete: true })
    const part = Buffer.alloc(1000)
    await store.put(uploadSegmentKey('a', 0, 'n'), part)
    await store.put(uploadSegmentKey('a', 1000, 'n'), part)
    for (const [key, parts] of [
      [uploadDataKey('a', 'n'), 1],
      [uploadDataKey('b', 'n'), 0],
      [dataKey(sha256), 4],
    ] as const) {
      const upload = await store.createMultipart(key, MIN_PART_SIZE)
      for (let at = 1; at <= parts; at++) await store.uploadPart(upload, at, part)
    }
    const { uploads, complete } = await listStaged(store)
    expect(uploads).toMatchObject([
      { id: sha256, bytes: 4000, objects: 4 },
      { id: 'a', bytes: 3000, objects: 3 },
      { id: 'b', bytes: 0, objects: 0 },
    ])
    expect(complete).toBe(true)
    for (const { since, latest } of uploads) expect(since <= latest).toBe(true)
  })

  test('one that ends meanwhile is left out', async () => {
    const ends: ObjectStore = {
      ...store,
      async listParts(upload) {
        if (upload.key === dataKey(sha256)) await store.abortMultipart(upload)
        return store.listParts(upload)
      },
    }
    const { uploads } = await listStaged(ends)
    expect(uploads.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})
