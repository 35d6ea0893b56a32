/**
 * The memory that all uploads of a process share: who gets it, who waits, and who gives it up.
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createUploadMemory, type UploadMemory } from '../../functions/registry/uploads/memory.ts'

const LIMIT = 100
const PART = 40

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An upload that fills one buffer. */
const join = (memory: UploadMemory) => {
  let buffer: Buffer | undefined
  const upload = {
    lastCame: performance.now(),
    since: performance.now(),
    filled: 0,
    busy: false,
    gaveUp: 0,
    get spare() {
      return upload.busy ? 0 : (buffer?.byteLength ?? 0)
    },
    async giveUp() {
      const own = buffer
      buffer = undefined
      upload.gaveUp += 1
      await null
      if (own !== undefined) share.release(own)
    },
    /** Takes a buffer in place of the one it has. */
    async fill(size: number) {
      const next = await share.take(size)
      if (buffer !== undefined) share.release(buffer)
      buffer = next
      upload.came(0)
    },
    came(bytes: number) {
      upload.lastCame = performance.now()
      upload.filled += bytes
    },
    done() {
      if (buffer !== undefined) share.release(buffer)
      buffer = undefined
    },
    get has() {
      return buffer?.byteLength ?? 0
    },
  }
  const share = memory.join(upload)
  return { ...{ share }, upload }
}

const open = (limit = LIMIT) => createUploadMemory({ limit, partSize: PART })

/** Whether something has happened by now. */
const settled = async (work: Promise<unknown>): Promise<boolean> => {
  let done = false
  void work.then(() => {
    done = true
  })
  await vi.advanceTimersByTimeAsync(0)
  return done
}

describe('memory', () => {
  test('is given while there is room, and then in the order of asking', async () => {
    const memory = open()
    const [a, b, c, d] = [join(memory), join(memory), join(memory), join(memory)]
    for (const { upload } of [a, b, c, d]) upload.busy = true
    await a.upload.fill(60)
    await b.upload.fill(40)
    expect(memory.used).toBe(100)
    const large = c.upload.fill(50)
    const small = d.upload.fill(10)
    b.upload.done()
    // There is room for the small one, but it came later.
    expect(await settled(small)).toBe(false)
    expect(await settled(large)).toBe(false)
    a.upload.done()
    expect(await settled(large)).toBe(true)
    expect(await settled(small)).toBe(true)
    expect(memory.used).toBe(60)
  })

  test('never exceeds its bound, except for one buffer that is larger', async () => {
    const memory = open()
    const [a, b] = [join(memory), join(memory)]
    a.upload.busy = b.upload.busy = true
    await b.upload.fill(1)
    const large = a.upload.fill(LIMIT + 1)
    expect(await settled(large)).toBe(false)
    b.upload.done()
    expect(await settled(large)).toBe(true)
    const next = b.upload.fill(1)
    expect(await settled(next)).toBe(false)
    a.upload.done()
    expect(await settled(next)).toBe(true)
  })

  test('a second buffer is given only while half of the memory is free, and nobody waits', async () => {
    const memory = open()
    const { share, upload } = join(memory)
    await upload.fill(10)
    const second = share.tryTake(40)
    expect(second?.byteLength).toBe(40)
    expect(share.tryTake(1)).toBeUndefined()
  })

  test('of those that stand still, the ones with the largest buffers give up, and only as many as needed', async () => {
    const memory = open()
    const sizes = [10, 40, 20, 30]
    const uploads = sizes.map(() => join(memory).upload)
    for (const [at, upload] of uploads.entries()) await upload.fill(sizes[at] ?? 0)
    await vi.advanceTimersByTimeAsync(2000)
    const { upload } = join(memory)
    expect(await settled(upload.fill(60))).toBe(true)
    expect(uploads.map(({ gaveUp }) => gaveUp)).toEqual([0, 1, 0, 1])
  })

  test('who sends keeps what it has, until it was slow for long', async () => {
    const memory = open()
    const [fast, slow] = [join(memory).upload, join(memory).upload]
    await fast.fill(50)
    await slow.fill(50)
    const { upload } = join(memory)
    const waiting = upload.fill(50)
    for (let time = 0; time < 900; time += 50) {
      await vi.advanceTimersByTimeAsync(50)
      fast.came(1024 * 1024)
      slow.came(1)
      expect([fast.gaveUp, slow.gaveUp]).toEqual([0, 0])
    }
    for (let time = 0; time < 200; time += 50) {
      await vi.advanceTimersByTimeAsync(50)
      fast.came(1024 * 1024)
      slow.came(1)
    }
    expect([fast.gaveUp, slow.gaveUp]).toEqual([0, 1])
    expect(await settled(waiting)).toBe(true)
  })

  test('where all wait for more, the last gives up what it has', async () => {
    const memory = open()
    const [a, b] = [join(memory).upload, join(memory).upload]
    await a.fill(50)
    await b.fill(50)
    const more = [a.fill(60), b.fill(60)]
    expect(await settled(more[0] as Promise<void>)).toBe(true)
    // The first itself had to give up, too: both buffers at once would be more than the bound.
    expect([a.gaveUp, b.gaveUp, a.has]).toEqual([1, 1, 60])
    expect(await settled(more[1] as Promise<void>)).toBe(false)
    a.done()
    expect(await settled(more[1] as Promise<void>)).toBe(true)
  })
})
