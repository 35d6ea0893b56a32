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
  t.onTestFinished(startHousekeeping(counted, silent))
  await vi.advanceTimersByTimeAsync(5 * MINUTE - 1)
  expect(lists).toBe(0)
  await vi.advanceTimersByTimeAsync(10 * MINUTE + 1)
  expect(lists).toBe(1)
})
