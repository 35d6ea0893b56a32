import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { sharing } from '../../functions/shared/coalesce.ts'

/** Reads of a value that changes, each answered when it is told to. */
const reads = () => {
  const begun: { readonly name: string; end(): void; fail(error: Error): void }[] = []
  let value = 0
  return {
    begun,
    write: () => {
      value += 1
    },
    read: sharing((name: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      const seen = value
      begun.push({ name, end: () => resolve(seen), fail: reject })
      return promise
    }),
  }
}

describe('reads of one thing', () => {
  test('are two at once, and those who wait share the next', async () => {
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

  test('give everyone what was there when he asked, or came later', async () => {
    const { begun, read, write } = reads()
    const early = Array.from({ length: 2 }, () => read('a'))
    write()
    const late = [read('a'), read('a')]
    for (const each of begun) each.end()
    assert.deepEqual(await Promise.all(early), [0, 0])
    // Asked when the shared read has begun already: another one follows.
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

  test('fail together, and are tried again by who asks next', async () => {
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

  test('know nothing of reads of another', async () => {
    const { begun, read } = reads()
    const asked = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 2 }, () => read(name)))
    assert.equal(begun.length, 6)
    for (const each of begun) each.end()
    await Promise.all(asked)
  })
})
