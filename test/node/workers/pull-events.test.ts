/**
 * Pulls that workers pass on.
 *
 * @module
 */

import { expect, test, vi } from 'vitest'
import { pullEventsOver } from '../../../functions/node/workers/pull-events.ts'
import type { ToMain } from '../../../functions/node/workers/questions.ts'
import { eventually } from '../../support/until.ts'

const PULL = {
  repository: 'app',
  target: { mediaType: 'x/y', digest: 'sha256:a', size: 1 },
  origin: {},
}

/** @param respond the main process */
const open = (respond: (question: ToMain) => Promise<unknown>) => {
  let now = 0
  const ask = vi.fn(respond)
  const events = pullEventsOver({ ask }, () => now)
  const dropped = vi.fn()
  events.dropped = dropped
  const make = vi.fn(() => PULL)
  return {
    tell: () => events.tell?.(make),
    make,
    dropped,
    asked: (what: ToMain['what']) => ask.mock.calls.filter(([each]) => each.what === what).length,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

/** Answers that somebody wants to know, and what else is given. */
const wanting = (pulled: () => Promise<unknown>) => (question: ToMain) =>
  question.what === 'pullsWanted' ? Promise.resolve(true) : pulled()

test('whether anybody wants them is asked beside a pull, now and then', async () => {
  const { tell, make, asked, pass } = open(wanting(async () => undefined))
  tell()
  expect(make).not.toHaveBeenCalled()
  await Promise.resolve()
  await Promise.resolve()
  tell()
  expect(asked('pulled')).toBe(1)
  pass(19_999)
  tell()
  expect(asked('pullsWanted')).toBe(1)
  pass(1)
  tell()
  expect([asked('pullsWanted'), asked('pulled')]).toEqual([2, 3])
})

test('where nobody does, nothing is made', async () => {
  const { tell, make, asked } = open(async () => false)
  tell()
  await Promise.resolve()
  await Promise.resolve()
  tell()
  expect(make).not.toHaveBeenCalled()
  expect(asked('pulled')).toBe(0)
})

test('a main process that has ended keeps nobody waiting', async () => {
  const { tell, dropped } = open(wanting(() => Promise.reject(new Error('ended'))))
  tell()
  await eventually(() => {
    tell()
    expect(dropped).toHaveBeenCalled()
  })
})

test('no more than so many are on their way', async () => {
  const { tell, asked, dropped } = open(wanting(() => new Promise(() => {})))
  tell()
  await Promise.resolve()
  await Promise.resolve()
  for (let at = 0; at < 1002; at++) tell()
  expect(asked('pulled')).toBe(1000)
  expect(dropped).toHaveBeenCalledTimes(2)
})
