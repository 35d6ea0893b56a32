/**
 * Hashes in a thread of their own are those of this one.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { createHashThread } from '../../functions/node/hash-thread.ts'
import type { Algorithm } from '../../functions/registry/reference.ts'
import type { RunningHash } from '../../functions/registry/uploads/hash.ts'
import { release } from '../../functions/storage/bytes.ts'

const BOTH: readonly Algorithm[] = ['sha256', 'sha512']
const expected = (bytes: Uint8Array, algorithms: readonly Algorithm[] = BOTH) =>
  Object.fromEntries(algorithms.map((each) => [each, createHash(each).update(bytes).digest('hex')]))

/** Chunks with memory of their own, as they come from a connection. */
const chunksOf = (bytes: Buffer, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    Uint8Array.from(bytes.subarray(at * size, (at + 1) * size)),
  )

const feed = async (hash: RunningHash | undefined, chunks: readonly Uint8Array[]) => {
  for (const chunk of chunks) await hash?.update(chunk)
}

describe('the thread', () => {
  const thread = createHashThread()
  const { hashing } = thread
  afterAll(thread.close)

  const SIZES = [0, 1, 65_535, 262_144, 262_145, 5_000_001]
  test.for(SIZES)('hashes %i bytes', async (size) => {
    const bytes = randomBytes(size)
    const hash = hashing.fast(BOTH)
    await feed(hash, chunksOf(bytes, 65_536))
    expect(await hash.finish()).toEqual(expected(bytes))
  })

  test('many at once, each by itself', async () => {
    const all = await Promise.all(
      Array.from({ length: 16 }, async (_, at) => {
        const bytes = randomBytes(1_000_000 + at)
        const hash = hashing.fast(['sha256'])
        await feed(hash, chunksOf(bytes, 10_007))
        return [await hash.finish(), expected(bytes, ['sha256'])]
      }),
    )
    for (const [actual, wanted] of all) expect(actual).toEqual(wanted)
  })

  test('saves and resumes, as often as there are requests', async () => {
    const bytes = randomBytes(3_000_000)
    let hash: RunningHash | undefined = await hashing.resumable(BOTH)
    for (const chunk of chunksOf(bytes, 700_001)) {
      await feed(hash, chunksOf(Buffer.from(chunk), 65_536))
      hash = await hashing.resume(JSON.parse(JSON.stringify(await hash?.save())))
    }
    expect(await hash?.finish()).toEqual(expected(bytes))
  })

  test('says of a state that it cannot be resumed', async () => {
    expect(await hashing.resume(undefined)).toBeUndefined()
    expect(await hashing.resume({ final: {} })).toBeUndefined()
    expect(await hashing.resume({ resumable: { sha256: 'none' } })).toBeUndefined()
  })

  test('takes the memory of a chunk that has its own, and copies others', async () => {
    const own = Uint8Array.from(randomBytes(300_000))
    const shared = randomBytes(400_000).subarray(1000, 300_000)
    const wanted = expected(Buffer.concat([own, shared]))
    const before = Buffer.from(shared)
    const hash = hashing.fast(BOTH)
    await hash.update(own)
    await hash.update(shared)
    expect(await hash.finish()).toEqual(wanted)
    expect(own.byteLength).toBe(0)
    expect(before.equals(shared)).toBe(true)
    // As whoever has read the chunk does, which knows nothing of the thread.
    release(own)
  })

  test('waits for the thread rather than to send it any number of bytes', async () => {
    const hash = hashing.fast(['sha512'])
    let waited = 0
    for (const chunk of chunksOf(randomBytes(8_000_000), 262_144)) {
      let now = true
      const taken = Promise.resolve(hash.update(chunk)).then(() => {
        now = false
      })
      // Without a wait it is over in the same turn.
      await new Promise<void>((resolve) => queueMicrotask(resolve))
      await Promise.resolve()
      if (now) waited += 1
      await taken
    }
    await hash.finish()
    expect(waited).toBeGreaterThan(0)
  })

  test('goes on after one that was given up', async () => {
    const hash = hashing.fast(BOTH)
    await feed(hash, chunksOf(randomBytes(1_000_000), 65_536))
    hash.drop?.()
    const next = hashing.fast(['sha256'])
    await next.update(Uint8Array.from([1]))
    expect(await next.finish()).toEqual(expected(Buffer.from([1]), ['sha256']))
  })
})

test('a thread that has ended fails its hashes, and is started again', async (t) => {
  let starts = 0
  const thread = createHashThread(() => {
    starts += 1
    return new Worker('process.exit(1)', { eval: true })
  })
  t.onTestFinished(thread.close)
  for (const count of [1, 2]) {
    const hash = thread.hashing.fast(['sha256'])
    await expect(hash.finish()).rejects.toThrow('the thread that computes hashes has ended')
    await expect(feed(hash, chunksOf(randomBytes(600_000), 300_000))).rejects.toThrow('has ended')
    expect(starts).toBe(count)
  }
})
