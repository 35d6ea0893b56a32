/**
 * Who writes by the protocol: whoever raises the fence, and whoever finds it.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import {
  FENCE_AGE,
  fenceSince,
  heedingFence,
  raiseFence,
  raisingFence,
} from '../../../functions/registry/clean-up/fence.ts'
import { FENCE_KEY } from '../../../functions/registry/layout.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { STORES } from '../../support/rig/stores.ts'

const MINUTE = 60_000
const unexpected = (error: unknown): void => {
  throw error
}

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)

    test('without one, nobody follows who is not told to', async () => {
      const clock = { now: 0 }
      const follows = heedingFence(store, () => clock.now)
      expect(await follows()).toBe(false)
      await raiseFence(store)
      // For some minutes; a clean-up waits for longer.
      clock.now += 9 * MINUTE
      expect(await follows()).toBe(false)
      clock.now += 2 * MINUTE
      expect(await follows()).toBe(true)
      expect(FENCE_AGE).toBeGreaterThanOrEqual(60 * MINUTE)
    })

    test('raised again, it keeps its age', async () => {
      const before = await store.head(FENCE_KEY)
      await raiseFence(store)
      expect(await raisingFence(store, unexpected)()).toBe(true)
      expect(await store.head(FENCE_KEY)).toEqual(before)
      expect(await fenceSince(store)).toEqual(before?.modified)
    })

    test('that cannot be raised: followed all the same, said, and tried again', async () => {
      await store.delete([FENCE_KEY])
      let failing = true
      const said: unknown[] = []
      const over = intercept(store, async ({ operation }, proceed) => {
        if (failing && operation === 'put') throw new StoreError('unavailable', 'AccessDenied')
        return proceed()
      })
      const follows = raisingFence(over, (error) => said.push(error))
      expect(await follows()).toBe(true)
      expect(said).toHaveLength(1)
      expect(await fenceSince(store)).toBeUndefined()
      failing = false
      expect(await follows()).toBe(true)
      expect(await fenceSince(store)).toBeInstanceOf(Date)
    })

    test('where the store does not say, nobody goes on without it', async () => {
      const over = intercept(store, async () => {
        throw new StoreError('unavailable', 'SlowDown')
      })
      await expect(heedingFence(over, () => 0)()).rejects.toThrow('SlowDown')
    })
  })
}
