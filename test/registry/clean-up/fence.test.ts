/**
 * Who writes by the protocol: whoever raises the fence, and whoever finds it.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { LANDING, REQUEST } from '../../../functions/registry/clean-up/bounds.ts'
import {
  FENCE_AGE,
  fenceSince,
  heedingFence,
  LOOK_AGAIN,
  raiseFence,
  raisingFence,
} from '../../../functions/registry/clean-up/fence.ts'
import { FENCE_KEY } from '../../../functions/registry/layout.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { STORES } from '../../support/rig/stores.ts'

const unexpected = (error: unknown): void => {
  throw error
}

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)

    test('without one, nobody follows who is not told to', async () => {
      const { follows, look } = heedingFence(store)
      expect(await follows()).toBe(false)
      await look()
      expect(await follows()).toBe(false)
      await raiseFence(store)
      // Until it looks again; a clean-up waits for longer.
      expect(await follows()).toBe(false)
      await look()
      expect(await follows()).toBe(true)
      expect(FENCE_AGE).toBeGreaterThan(LOOK_AGAIN + REQUEST + LANDING)
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

    test('where the store does not say, what was seen last counts', async () => {
      let failing = false
      const over = intercept(store, async (_, proceed) => {
        if (failing) throw new StoreError('unavailable', 'SlowDown')
        return proceed()
      })
      const { follows, look } = heedingFence(over)
      await look()
      failing = true
      await expect(look()).rejects.toThrow('SlowDown')
      expect(await follows()).toBe(true)
    })
  })
}
