/**
 * What a large object may take of memory.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { Part } from '../../../functions/storage/store.ts'
import { block, type Subject } from './harness.ts'

/** Declares the tests. */
export const memoryTests = ({ store, test }: Subject): void => {
  test('a large object streams in bounded memory', async (base) => {
    // V8 lets about 64 MiB of dead buffers gather before it collects them.
    const bound = 128 * 1024 * 1024
    const count = 32
    const size = 8 * 1024 * 1024
    const upload = await store().createMultipart(`${base}big`, size)
    const parts: Part[] = []
    for (let number = 1; number <= count; number++) {
      parts.push(await store().uploadPart(upload, number, block(number, size)))
    }
    await store().completeMultipart(upload, parts)
    const read = await store().get(`${base}big`)
    const before = process.memoryUsage().rss
    let most = 0
    let total = 0
    for await (const chunk of read!.body) {
      // Whatever runs ahead of a reader that stops for a while shows now.
      if (total === 0) await new Promise((resolve) => setTimeout(resolve, 500))
      total += chunk.length
      most = Math.max(most, process.memoryUsage.rss() - before)
    }
    assert.equal(total, count * size)
    assert.ok(most < bound, `grew by ${most} bytes`)
    await store().delete([`${base}big`])
  })
}
