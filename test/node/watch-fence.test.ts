/**
 * Looks for the fence of a clean-up.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchFence } from '../../functions/node/watch-fence.ts'
import { LOOK_AGAIN } from '../../functions/registry/clean-up/fence.ts'
import { silent } from '../support/hosts/start.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

test('every ten minutes, also after a failure, until it is stopped', async () => {
  let looks = 0
  const stop = watchFence(async () => {
    looks += 1
    throw new Error('no answer')
  }, silent)
  expect(looks).toBe(0)
  await vi.advanceTimersByTimeAsync(2 * LOOK_AGAIN)
  expect(looks).toBe(2)
  stop()
  await vi.advanceTimersByTimeAsync(LOOK_AGAIN)
  expect(looks).toBe(2)
})
