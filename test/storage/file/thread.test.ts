/**
 * Small files where no thread can be had, or it has enough to do. What threads do is in thread.slow.ts.
 *
 * @module
 */

import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
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

test('what is beyond the strength of the thread is written without it', async (t) => {
  const { root } = await openStore(t)
  const asked: unknown[] = []
  /** It starts, and never answers. */
  const thread = Object.assign(new EventEmitter(), {
    ref() {},
    unref() {},
    postMessage: (order: unknown) => void asked.push(order),
  })
  const start = () => thread as unknown as Worker
  const store = openFileStore(root, newFilesByThread(start, 1))
  await store.put('first', Buffer.from('x'))
  thread.emit('message', 'started')
  const puts = Array.from({ length: 1100 }, (_, n) => store.put(`k/${n}`, Buffer.from('x')))
  const ended = Promise.allSettled(puts)
  await Promise.all(puts.slice(1000))
  expect(asked).toHaveLength(1000)
  thread.emit('exit', 1)
  const failed = (await ended).filter(({ status }) => status === 'rejected')
  expect(failed).toHaveLength(1000)
})
