/**
 * Bytes on their way: read from memory or disk, by any number of readers, and freed when the last has gone.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { release } from '../../functions/storage/bytes.ts'
import { openSpool } from '../../functions/upstreams/blobs/spool.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { until } from '../support/until.ts'

/** More than is kept in memory. */
const BYTES = randomBytes(3_000_000)
const PIECE = 64 * 1024

/** @param size of the whole, where it is known */
const openOf = async (size: number | undefined) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const spool = await openSpool(path, size)
  const fill = async (to = BYTES.length, step = PIECE) => {
    while (spool.arrived < to) {
      await spool.write(BYTES.subarray(spool.arrived, Math.min(spool.arrived + step, to)))
    }
  }
  return { spool, fill, path }
}

test.each([
  [PIECE, BYTES.length],
  [9_973, BYTES.length],
  [700_001, undefined],
])(
  'all is read, from disk and from memory, by many: %d bytes at a time of %s',
  async (step, size) => {
    const { spool, fill } = await openOf(size)
    const early = Array.from({ length: 3 }, () => buffer(spool.read()!))
    await fill(BYTES.length, step)
    const late = buffer(spool.read()!)
    const part = buffer(spool.read({ start: 10, end: 2_999_998 })!)
    spool.verified()
    for (const each of [...early, late]) expect((await each).equals(BYTES)).toBe(true)
    expect((await part).equals(BYTES.subarray(10, 2_999_999))).toBe(true)
  },
)

const open = () => openOf(BYTES.length)

test('a chunk that one reader has sent and released is whole for the others', async () => {
  const { spool, fill } = await open()
  const read = async (): Promise<boolean> => {
    let at = 0
    for await (const chunk of spool.read()!) {
      if (!chunk.equals(BYTES.subarray(at, at + chunk.length))) return false
      at += chunk.length
      release(chunk)
    }
    return at === BYTES.length
  }
  const readers = Promise.all([read(), read(), read()])
  await fill()
  spool.verified()
  expect(await readers).toEqual([true, true, true])
})

test('the last byte that is wanted comes when all is verified, or never', async () => {
  const { spool, fill } = await open()
  await fill()
  let got = 0
  const reading = (async () => {
    for await (const chunk of spool.read({ start: 0, end: 99 })!) got += chunk.length
  })()
  const reader = spool.read()!
  let whole = 0
  while (whole < BYTES.length - 1) whole += (await reader.next()).value!.byteLength
  expect(whole).toBe(BYTES.length - 1)
  await until(() => got === 99)
  spool.fail(new Error('it is another'))
  await expect(reading).rejects.toThrow('it is another')
  await expect(reader.next()).rejects.toThrow('it is another')
})

test('of a size that is not known, what came last is kept back', async () => {
  const { spool } = await openOf(undefined)
  const reader = spool.read()!
  await spool.write(Buffer.from('all of it'))
  expect(String((await reader.next()).value)).toBe('all of i')
  const next = reader.next()
  spool.fail(new Error('it is another'))
  await expect(next).rejects.toThrow('it is another')
  await spool.close()
})

test('more than the size costs no more than it is', async () => {
  const { spool } = await openOf(1)
  await spool.write(BYTES)
  // With a piece for each byte this takes minutes.
  expect(spool.arrived).toBe(BYTES.length)
  await spool.close()
})

test('nothing has a name on disk, and it is closed when the last reader has gone', async () => {
  const { spool, fill, path } = await open()
  expect(await readdir(path)).toEqual([])
  await fill()
  const [one, other] = [spool.read()!, spool.read()!]
  await spool.close()
  await spool.read()?.return(undefined)
  await one.next()
  await one.return(undefined)
  await one.return(undefined)
  spool.verified()
  expect((await buffer(other)).equals(BYTES)).toBe(true)
})

test('once it is closed there is nothing to read', async () => {
  const { spool } = await open()
  const reader = spool.read()!
  await spool.close()
  await reader.return(undefined)
  expect(spool.read()).toBeUndefined()
})
