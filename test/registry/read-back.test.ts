/**
 * Reading an object back: over several connections, in order, within the memory of all uploads.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { hashingHere } from '../../functions/registry/uploads/hash.ts'
import { createUploadMemory } from '../../functions/registry/uploads/memory.ts'
import { AHEAD, RANGE, readBack, TENANT } from '../../functions/registry/uploads/read-back.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ByteRange, ObjectRead, ObjectStore } from '../../functions/storage/store.ts'

const MEBIBYTE = 1024 * 1024
/** Bytes of a part of an upload. */
const PART = 12 * MEBIBYTE
const SIZE = 14 * RANGE + 5
const BYTES = Buffer.alloc(
  SIZE,
  Uint8Array.from({ length: 251 }, (_, at) => at),
)

type Get = (start: number, length: number, attempt: number) => Partial<ObjectRead> | undefined

/** A store of one object, which counts what is read of it at a time; each range has its own response. */
const storeOf = (bytes: Buffer, respond: Get = () => ({})) => {
  const seen = { reading: 0, most: 0, ranges: [] as number[] }
  const attempts = new Map<number, number>()
  const get = async (_: string, range?: ByteRange): Promise<ObjectRead | undefined> => {
    const { start, end = bytes.length - 1 } = range as { start: number; end?: number }
    const attempt = (attempts.get(start) ?? 0) + 1
    attempts.set(start, attempt)
    seen.ranges.push(start)
    seen.reading += 1
    seen.most = Math.max(seen.most, seen.reading)
    const changes = respond(start, end - start + 1, attempt)
    if (changes === undefined) return undefined
    const source = (async function* () {
      // Later ranges come first.
      for (let turn = bytes.length; turn > start; turn -= MEBIBYTE) await null
      for (let at = start; at <= end; at += MEBIBYTE) {
        yield Buffer.from(bytes.subarray(at, Math.min(at + MEBIBYTE, end + 1)))
      }
      seen.reading -= 1
    })()
    const info = { size: bytes.length, etag: 'v1', modified: new Date(0), metadata: {} }
    return { info, start, end, body: Readable.from(source), ...changes }
  }
  return { store: { get } as unknown as ObjectStore, seen }
}

const open = (limit: number, bytes = BYTES, respond?: Get) => {
  const memory = createUploadMemory({ limit, partSize: PART })
  const { store, seen } = storeOf(bytes, respond)
  const read = () =>
    readBack({ store, memory, hashing: hashingHere }, 'key', bytes.length, ['sha256', 'sha512'])
  return { memory, seen, read }
}

const hex = (algorithm: string, bytes: Uint8Array) =>
  createHash(algorithm).update(bytes).digest('hex')

const broken = (error?: Error) => ({
  body: Readable.from(
    (async function* () {
      yield Buffer.alloc(3)
      if (error !== undefined) throw error
    })(),
  ),
})

describe('reading back', () => {
  test.each([1, RANGE - 1, RANGE, RANGE + 1, AHEAD * RANGE, SIZE])(
    '%d bytes have the hashes of all, in order',
    async (size) => {
      const bytes = BYTES.subarray(0, size)
      const { read, memory, seen } = open(1024 * MEBIBYTE, bytes)
      const sha256 = hex('sha256', bytes)
      expect(await read()).toEqual({
        hashes: { sha256, sha512: hex('sha512', bytes) },
        etag: 'v1',
      })
      expect(seen.most).toBe(Math.min(AHEAD, Math.ceil(size / RANGE)))
      expect(memory.used).toBe(0)
    },
  )

  test.each([
    [1, 1],
    [4 * RANGE, 2],
    [8 * RANGE, 4],
    // The least that a server has by default, and the most.
    [48 * MEBIBYTE, 6],
    [96 * MEBIBYTE, 12],
  ])('within %d bytes of memory, %d ranges at a time', async (limit, most) => {
    const { read, memory, seen } = open(limit)
    // Buffers of parts are kept for the next ones: none of them is taken for a range.
    const { tryTake, release, leave } = memory.join(TENANT)
    for (const kept of [tryTake(PART), tryTake(PART)]) if (kept !== undefined) release(kept)
    leave()
    let used = 0
    const watch = setInterval(() => {
      used = Math.max(used, memory.used)
    })
    expect((await read()).hashes.sha256).toBe(hex('sha256', BYTES))
    clearInterval(watch)
    expect(seen.most).toBe(most)
    expect(used).toBeLessThanOrEqual(Math.max(limit, RANGE))
    expect(memory.used).toBe(0)
  })

  test('many at once, in the memory of one range', async () => {
    const memory = createUploadMemory({ limit: RANGE, partSize: RANGE })
    const { store } = storeOf(BYTES)
    const context = { store, memory, hashing: hashingHere }
    const all = Array.from({ length: 5 }, () => readBack(context, 'key', SIZE, ['sha256']))
    const sha256 = hex('sha256', BYTES)
    for (const { hashes } of await Promise.all(all)) expect(hashes).toEqual({ sha256 })
    expect(memory.used).toBe(0)
  })

  test('a range that breaks off is read again', async () => {
    const { read, seen } = open(1024 * MEBIBYTE, BYTES, (start, _, attempt) => {
      if (start !== RANGE || attempt > 3) return {}
      return broken(attempt === 1 ? new StoreError('unavailable', 'cut') : undefined)
    })
    expect((await read()).hashes.sha256).toBe(hex('sha256', BYTES))
    expect(seen.ranges.filter((start) => start === RANGE)).toHaveLength(4)
  })

  const cut = new StoreError('unavailable', 'cut')
  test.each<[string, Get, string, string]>([
    ['breaks off each time', (start) => (start === 3 * RANGE ? broken(cut) : {}), 'cut', ''],
    [
      'is another one each time',
      (start) => (start === 3 * RANGE ? { start: 0 } : {}),
      'was not sent whole',
      'unavailable',
    ],
    ['is gone', (start) => (start === RANGE ? undefined : {}), 'is gone', 'missing'],
    [
      'is of another version',
      (start) =>
        start === 9 * RANGE
          ? { info: { size: SIZE, etag: 'v2', modified: new Date(0), metadata: {} } }
          : {},
      'was replaced while it was read',
      'missing',
    ],
  ])('an object of which a range %s has no hash', async (_, respond, message, failure) => {
    const { read, memory } = open(1024 * MEBIBYTE, BYTES, respond)
    const error = await read().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(StoreError)
    expect((error as StoreError).message).toContain(message)
    expect((error as StoreError).failure).toBe(failure || 'unavailable')
    expect(memory.used).toBe(0)
  })
})
