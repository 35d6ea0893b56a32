/**
 * Long computations leave others their turns.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { atOnce, inOneTurn, inTurns, type Steps } from '../../functions/shared/turns.ts'

/** Computes for so many milliseconds, in steps of one. */
function* busy(milliseconds: number, note: () => void = () => {}): Steps<string> {
  for (let at = 0; at < milliseconds; at += 1) {
    const end = performance.now() + 1
    while (performance.now() < end);
    note()
    yield
  }
  return 'done'
}

test('gives the result, at once or in turns', async () => {
  expect(atOnce(busy(1))).toBe('done')
  expect(await inTurns(busy(1))).toBe('done')
  expect(await inTurns(busy(30))).toBe('done')
  expect(await inOneTurn(() => 'done')).toBe('done')
})

test('the event loop goes round between turns, however many computations there are', async () => {
  let steps = 0
  const most: number[] = []
  const all = Promise.all(Array.from({ length: 8 }, () => inTurns(busy(20, () => (steps += 1)))))
  let done = false
  void all.then(() => (done = true))
  while (!done) {
    const before = steps
    await setImmediate()
    most.push(steps - before)
  }
  expect(steps).toBe(160)
  // A first turn and a later one, of at most five steps each.
  expect(Math.max(...most)).toBeLessThanOrEqual(12)
})

test('short ones do not wait for the end of long ones', async () => {
  const order: string[] = []
  const long = Array.from({ length: 3 }, () => inTurns(busy(40)).then(() => order.push('long')))
  await setImmediate()
  await inOneTurn(() => order.push('short'))
  await Promise.all(long)
  expect(order).toEqual(['short', 'long', 'long', 'long'])
})

test('one that fails keeps nobody from going on', async () => {
  const failing = inTurns(
    (function* (): Steps<void> {
      yield* busy(10)
      throw new Error('no')
    })(),
  )
  const other = inTurns(busy(20))
  await expect(failing).rejects.toThrow('no')
  expect(await other).toBe('done')
  await expect(
    inOneTurn(() => {
      throw new Error('not at all')
    }),
  ).rejects.toThrow('not at all')
})
