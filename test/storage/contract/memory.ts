/**
 * What a large object may take of memory.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Part } from '../../../functions/storage/store.ts'
import { block, type Subject } from './harness.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What is still in use, in bytes: what awaits V8's collector says nothing about the store. */
const inUse = async (): Promise<number> => {
  // The first frees buffers in a thread of its own; the second waits for it.
  collect()
  await setImmediate()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Declares the tests. */
export const memoryTests = ({ store, test }: Subject): void => {
  test('a large object streams in bounded memory', async (base) => {
    const bound = 48 * 1024 * 1024
    const count = 32
    const size = 8 * 1024 * 1024
    const upload = await store().createMultipart(`${base}big`, size)
    const parts: Part[] = []
    for (let number = 1; number <= count; number++) {
      parts.push(await store().uploadPart(upload, number, block(number, size)))
    }
    await store().completeMultipart(upload, parts)
    const read = await store().get(`${base}big`)
    const before = await inUse()
    let most = 0
    let total = 0
    for await (const chunk of read!.body) {
      // Whatever runs ahead of a reader that stops for a while shows now.
      if (total === 0) await setTimeout(500)
      const whole = Math.floor(total / size)
      total += chunk.length
      const looks = total === chunk.length || Math.floor(total / size) > whole
      if (looks) most = Math.max(most, (await inUse()) - before)
    }
    assert.equal(total, count * size)
    assert.ok(most < bound, `${most} bytes more in use`)
    await store().delete([`${base}big`])
  })
}
