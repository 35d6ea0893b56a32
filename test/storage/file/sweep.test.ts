/**
 * A sweep removes what nobody has touched since, and nothing that is a key, an upload or young.
 *
 * @module
 */

import { link, mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MIN_PART_SIZE } from '../../../functions/storage/store.ts'
import { block, bytes, textAt } from '../contract/harness.ts'
import { filesBelow, openStore } from './harness.ts'

const LATER = () => new Date(Date.now() + 60_000)
const UNBEGUN = '11111111-1111-4111-8111-111111111111'

test('leftovers go, everything else stays', async (t) => {
  const { store, root } = await openStore(t)
  await store.put('docker/registry/v2/a', bytes('a'))
  await store.put('b', bytes('b'))
  const upload = await store.createMultipart('c', MIN_PART_SIZE)
  const part = await store.uploadPart(upload, 1, block(1))
  const tmp = join(root, '.slipway/tmp')
  const before = await filesBelow(root)

  await writeFile(join(tmp, 'file'), 'left')
  await mkdir(join(tmp, 'directory/inner'), { recursive: true })
  await writeFile(join(tmp, 'directory/inner/data'), 'left')
  await link(join(root, 'b/$'), join(tmp, 'copy'))
  await mkdir(join(root, '.slipway/uploads', UNBEGUN))
  await writeFile(join(root, '.slipway/uploads', UNBEGUN, 'data'), '')

  expect(await store.sweep?.(LATER())).toBe(4)
  expect(await filesBelow(root)).toEqual(before)
  expect(await readdir(tmp)).toEqual([])
  expect(await textAt(store, 'b')).toBe('b')
  await store.completeMultipart(upload, [part])
  expect((await store.head('c'))?.size).toBe(MIN_PART_SIZE)
  expect(await store.sweep?.(LATER())).toBe(0)
})

test('what is young stays, however old it says that it is', async (t) => {
  const { store, root } = await openStore(t)
  await store.put('b', bytes('b'))
  const old = new Date(Date.UTC(2000, 0, 1))
  const object = join(root, 'b/$')
  await utimes(object, old, old)
  const tmp = join(root, '.slipway/tmp')
  await writeFile(join(tmp, 'file'), 'being written')
  await utimes(join(tmp, 'file'), old, old)
  await link(object, join(tmp, 'copy'))
  const hourAgo = new Date(Date.now() - 60 * 60_000)
  expect(await store.sweep?.(hourAgo)).toBe(0)
  expect((await readdir(tmp)).toSorted()).toEqual(['copy', 'file'])
})

test('a store that was never written to has none', async (t) => {
  const { store } = await openStore(t)
  expect(await store.sweep?.(LATER())).toBe(0)
})
