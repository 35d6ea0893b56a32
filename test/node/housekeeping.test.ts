/**
 * When a server looks for stale uploads: not while it starts.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startHousekeeping } from '../../functions/node/housekeeping.ts'
import { silent } from '../support/hosts/start.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { eventually } from '../support/until.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
afterEach(() => void vi.useRealTimers())

test('for the first time five to fifteen minutes after the start', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  let lists = 0
  const counted = intercept(store, (call, proceed) => {
    if (call.operation === 'list') lists += 1
    return proceed()
  })
  t.onTestFinished(startHousekeeping(counted, silent, 14))
  await vi.advanceTimersByTimeAsync(5 * MINUTE - 1)
  expect(lists).toBe(0)
  await vi.advanceTimersByTimeAsync(10 * MINUTE + 1)
  // Uploads, notes of deletes, failed log-ins, pages of referrers, events.
  await eventually(() => expect(lists).toBe(5))
})

test('what killed processes left is looked for at the start and daily, a day old', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const sweeps: number[] = []
  const counted = intercept(store, (call, proceed) => {
    if (call.operation === 'sweep') sweeps.push(Date.now() - (call.args[0] as Date).getTime())
    return proceed()
  })
  t.onTestFinished(startHousekeeping(counted, silent, 14))
  expect(sweeps).toEqual([24 * 60 * MINUTE])
  await vi.advanceTimersByTimeAsync(15 * MINUTE)
  await eventually(() => expect(sweeps).toHaveLength(2))
})
