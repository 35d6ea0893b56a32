/**
 * The thread that compares passwords, where it fails. What it compares is in passwords.slow.ts.
 *
 * @module
 */

import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createPasswordThread } from '../../functions/node/passwords.ts'

test('a thread that fails takes nothing along of what the next one was asked', async () => {
  const workers: EventEmitter[] = []
  const start = () => {
    const worker = Object.assign(new EventEmitter(), { postMessage() {} })
    workers.push(worker)
    return worker as unknown as Worker
  }
  const { verify } = createPasswordThread(start)
  const first = verify('a', 'hash')
  workers[0]!.emit('error', new Error('out of memory'))
  await expect(first).rejects.toThrow('has ended')
  const second = verify('b', 'hash')
  workers[0]!.emit('exit', 1)
  workers[1]!.emit('message', { id: 1, result: true })
  expect(await second).toBe(true)
})
