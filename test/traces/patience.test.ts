/**
 * How long a response waits for a collector.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PATIENCE, REST, withPatience } from '../../functions/traces/patience.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Flushes, and says after how many milliseconds that was done. */
const timed = async (flush: () => Promise<void>): Promise<number> => {
  const start = performance.now()
  const done = flush().then(() => performance.now() - start)
  await vi.advanceTimersByTimeAsync(2 * PATIENCE)
  return done
}

const after = (milliseconds: number) => () =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
const CASES: readonly (readonly [string, send: () => Promise<void>, waits: number])[] = [
  ['until the spans are sent', after(20), 20],
  ['no longer than half a second', after(10 * PATIENCE), PATIENCE],
  ['for no collector that refuses them', () => Promise.reject(new Error('401')), 0],
]
test.each(CASES)('it waits %s', async (_, send, waits) => {
  expect(await timed(withPatience(send))).toBe(waits)
})

test('after one has waited in vain, others go on at once for half a minute', async () => {
  let [sent, takes] = [0, 10 * PATIENCE]
  const flush = withPatience(() => {
    sent += 1
    return after(takes)()
  })
  expect(await timed(flush)).toBe(PATIENCE)
  takes = 20
  expect(await timed(flush)).toBe(0)
  expect(sent).toBe(1)
  await vi.advanceTimersByTimeAsync(REST)
  expect(await timed(flush)).toBe(20)
  expect(await timed(flush)).toBe(20)
  expect(sent).toBe(3)
})

test('a failure after half a second is nobody’s', async () => {
  const send = async (): Promise<void> => {
    await after(2 * PATIENCE)()
    throw new Error('ECONNRESET')
  }
  expect(await timed(withPatience(send))).toBe(PATIENCE)
  await vi.advanceTimersByTimeAsync(10 * PATIENCE)
})
