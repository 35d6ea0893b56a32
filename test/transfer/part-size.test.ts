/** In how many parts a blob is sent, and in how much memory. */

import { describe, expect, test } from 'vitest'
import { partSizeOf } from '../../functions/transfer/blobs/part-size.ts'
import { createRoom } from '../../functions/transfer/blobs/room.ts'

const MEBIBYTE = 1024 * 1024
const GIBIBYTE = 1024 * MEBIBYTE
const ANY = { one: 5 * GIBIBYTE, several: 50_000 * GIBIBYTE }

describe('the parts of a blob', () => {
  test.each([
    ['a small one is one', 3 * MEBIBYTE, ANY, undefined, 3 * MEBIBYTE],
    ['one of 32 MiB is one', 32 * MEBIBYTE, ANY, undefined, 32 * MEBIBYTE],
    ['a larger one has several', 32 * MEBIBYTE + 1, ANY, undefined, 8 * MEBIBYTE],
    ['four of 128 MiB are one each', 128 * MEBIBYTE, ANY, 512 * MEBIBYTE, 128 * MEBIBYTE],
    ['three of 128 MiB have several', 128 * MEBIBYTE, ANY, 384 * MEBIBYTE, 8 * MEBIBYTE],
    ['four larger ones have several', 129 * MEBIBYTE, ANY, 516 * MEBIBYTE, 8 * MEBIBYTE],
    ['a huge one has at most 10,000', 100_000 * MEBIBYTE, ANY, undefined, 10 * MEBIBYTE],
    [
      'where several are none, it is one',
      GIBIBYTE,
      { one: ANY.one, several: 0 },
      undefined,
      GIBIBYTE,
    ],
    [
      'where one is none, it has several',
      MEBIBYTE,
      { one: 0, several: GIBIBYTE },
      undefined,
      8 * MEBIBYTE,
    ],
    [
      'where neither is, it has none',
      6 * GIBIBYTE,
      { one: ANY.one, several: 0 },
      undefined,
      undefined,
    ],
    [
      'where nothing is said of several, it has several',
      GIBIBYTE,
      { one: ANY.one, several: undefined },
      undefined,
      8 * MEBIBYTE,
    ],
  ])('%s', (_, size, offer, total, expected) => {
    expect(partSizeOf(size, offer, total)).toBe(expected)
  })
})

test('memory is given in order, and one larger than all gets it alone', async () => {
  const room = createRoom(10)
  const entered: string[] = []
  const enter = (name: string, bytes: number) => room.take(bytes).then(() => entered.push(name))
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  void enter('a', 6)
  void enter('b', 5)
  void enter('c', 1)
  void enter('large', 20)
  await settle()
  expect(entered).toEqual(['a'])
  room.give(6)
  await settle()
  expect(entered).toEqual(['a', 'b', 'c'])
  room.give(1)
  await settle()
  expect(entered).toHaveLength(3)
  room.give(5)
  await settle()
  expect(entered).toEqual(['a', 'b', 'c', 'large'])
})
