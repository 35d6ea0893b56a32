import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { coalesce } from '../../functions/shared/coalesce.ts'

/** Reads of a value that changes; each ends when told to. */
const reads = () => {
  const begun: { readonly name: string; end(): void; fail(error: Error): void }[] = []
  let value = 0
  return {
    begun,
    write: () => {
      value += 1
    },
    read: coalesce((name: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      const seen = value
      begun.push({ name, end: () => resolve(seen), fail: reject })
      return promise
    }),
  }
}

describe('runs of the same work', () => {
  test('are at most two at once, and callers who wait share the next', async () => {
    const { begun, read } = reads()
    const asked = Array.from({ length: 20 }, () => read('a'))
    assert.equal(begun.length, 2)
    begun[0]?.end()
    await asked[0]
    await turn()
    assert.equal(begun.length, 3)
    for (const each of begun) each.end()
    await Promise.all(asked)
    assert.equal(begun.length, 3)
  })

  test('give all callers what was there when they asked, or what came later', async () => {
    const { begun, read, write } = reads()
    const early = Array.from({ length: 2 }, () => read('a'))
    write()
    const late = [read('a'), read('a')]
    for (const each of begun) each.end()
    assert.deepEqual(await Promise.all(early), [0, 0])
    // These ask after the shared read has begun: another one follows.
    await turn()
    write()
    const latest = Array.from({ length: 2 }, () => read('a'))
    await turn()
    for (const each of begun) each.end()
    assert.deepEqual(await Promise.all(late), [1, 1])
    await turn()
    for (const each of begun) each.end()
    assert.deepEqual(await Promise.all(latest), [2, 2])
  })

  test('fail together, and the next caller starts another', async () => {
    const { begun, read } = reads()
    const early = Array.from({ length: 2 }, () => read('a'))
    const late = [read('a'), read('a')]
    begun[0]?.end()
    await early[0]
    await turn()
    begun[2]?.fail(new Error('not now'))
    for (const each of late) await assert.rejects(each, /not now/)
    const again = read('a')
    for (const each of begun) each.end()
    assert.equal(await again, 0)
  })

  test('share nothing between different arguments', async () => {
    const { begun, read } = reads()
    const asked = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 2 }, () => read(name)))
    assert.equal(begun.length, 6)
    for (const each of begun) each.end()
    await Promise.all(asked)
  })
})

describe('options', () => {
  test('one at once: the second caller waits and shares the next run', async () => {
    const ends: (() => void)[] = []
    const run = coalesce(
      () => {
        const { promise, resolve } = Promise.withResolvers<number>()
        const mine = ends.push(() => resolve(mine))
        return promise
      },
      { atOnce: 1 },
    )
    const all = [run(), run(), run()]
    expect(ends).toHaveLength(1)
    ends[0]?.()
    await all[0]
    await turn()
    ends[1]?.()
    expect(await Promise.all(all)).toEqual([1, 2, 2])
  })

  test('a key function tells arguments apart', async () => {
    let runs = 0
    const run = coalesce(async (_: Map<string, string>, name: string) => `${name} ${++runs}`, {
      atOnce: 1,
      key: (_, name) => name,
    })
    const ends = await Promise.all(['a', 'b', 'a', 'a'].map((name) => run(new Map(), name)))
    expect(ends).toEqual(['a 1', 'b 2', 'a 3', 'a 3'])
  })
})
