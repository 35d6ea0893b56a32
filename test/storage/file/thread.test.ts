/**
 * Small files where no thread can be had. What threads do is in thread.slow.ts.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import { newFilesByThread } from '../../../functions/storage/file/thread/thread.ts'
import { textAt } from '../contract/harness.ts'
import { openStore } from './harness.ts'

test('files are written without a thread where none can be had, and it is not tried again', async (t) => {
  const { root } = await openStore(t)
  let tried = 0
  const start = () => {
    tried += 1
    throw new Error('no room for a thread')
  }
  const store = openFileStore(root, newFilesByThread(start, 2))
  for (const name of ['a', 'b', 'c']) {
    await store.put(name, Buffer.from(name))
    expect(await textAt(store, name)).toBe(name)
  }
  expect(tried).toBe(1)
})
