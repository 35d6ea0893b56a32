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
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  return { events: pullEventsOver({ ask }, () => now), ask, pass }
}

test('whether anybody wants them is asked beside a pull, now and then', async () => {
  const { events, ask, pass } = open(async () => true)
  expect(events.wanted()).toBe(false)
  await eventually(() => expect(events.wanted()).toBe(true))
  pass(19_999)
  expect(events.wanted()).toBe(true)
  expect(ask).toHaveBeenCalledTimes(1)
  pass(1)
  events.wanted()
  expect(ask).toHaveBeenCalledTimes(2)
})

test('a main process that has ended keeps nobody waiting', async () => {
  const { events } = open(() => Promise.reject(new Error('the other process has ended')))
  expect(events.wanted()).toBe(false)
  const dropped = vi.fn()
  events.pulled(PULL, dropped)
  await eventually(() => expect(dropped).toHaveBeenCalledTimes(1))
})

test('no more than so many are on their way', () => {
  const { events, ask } = open(() => new Promise(() => {}))
  const dropped = vi.fn()
  for (let at = 0; at < 1002; at++) events.pulled(PULL, dropped)
  expect(ask).toHaveBeenCalledTimes(1000)
  expect(dropped).toHaveBeenCalledTimes(2)
})
