/**
 * A completion whose last step fails: what has become an object stays as it is.
 *
 * @module
 */

import { open } from 'node:fs/promises'
import { expect, type TestContext, test, vi } from 'vitest'
import { readAll } from '../../../functions/storage/bytes.ts'
import { MIN_PART_SIZE, type ObjectStore } from '../../../functions/storage/store.ts'
import { block, bytes } from '../contract/harness.ts'
import { filesBelow, openStore } from './harness.ts'

/** Has flushes of directories fail, as those of a disk that is going do, while something is done. */
const withoutFlushes = async (work: () => Promise<unknown>): Promise<void> => {
  const handle = await open('.', 'r')
  const sync = vi.spyOn(Object.getPrototypeOf(handle), 'sync').mockRejectedValue(new Error('EIO'))
  try {
    await work()
  } finally {
    sync.mockRestore()
    await handle.close()
  }
}

const sizeOf = async (store: ObjectStore, key: string) => (await store.head(key))?.size

/** An upload with two parts, of which some are completed while no directory can be flushed. */
const failed = async (t: TestContext, numbers: readonly number[], before?: Uint8Array) => {
  const { store, root } = await openStore(t)
  if (before !== undefined) await store.put('a', before)
  const upload = await store.createMultipart('a', MIN_PART_SIZE)
  const first = await store.uploadPart(upload, 1, block(1))
  const second = await store.uploadPart(upload, 2, block(2))
  const named = [first, second].filter(({ number }) => numbers.includes(number))
  await withoutFlushes(() => expect(store.completeMultipart(upload, named)).rejects.toThrow('EIO'))
  return { store, root, upload, named }
}

test.for<[what: string, numbers: readonly number[], before: Uint8Array | undefined]>([
  ['all parts', [1, 2], undefined],
  ['the first part', [1], undefined],
  ['a part without the one before it', [2], undefined],
  ['all parts, in place of another object', [1, 2], bytes('before')],
])('%s: nothing is appended to the object, and nothing is left of the upload', async (row, t) => {
  const [, numbers, before] = row
  const { store, root, upload, named } = await failed(t, numbers, before)
  const whole = numbers.length * MIN_PART_SIZE
  expect(await sizeOf(store, 'a')).toBe(whole)
  // Another request has taken it for stored, as it may.
  const { etag } = (await store.head('a'))!
  await store.copy('a', 'b', whole, etag)
  const gone = { failure: 'multipart' }
  await expect(store.uploadPart(upload, 3, block(3))).rejects.toMatchObject(gone)
  await expect(store.completeMultipart(upload, named)).rejects.toMatchObject(gone)
  for (const key of ['a', 'b']) {
    const read = (await store.get(key))!
    const parts = Buffer.concat(numbers.map((number) => block(number)))
    expect((await readAll(read.body, whole)).equals(parts)).toBe(true)
  }
  expect(await store.listMultiparts('')).toEqual([])
  const left = await filesBelow(root)
  expect(left.filter((path) => path.includes('uploads/'))).toEqual([])
})
