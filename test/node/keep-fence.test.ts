/**
 * A server with `gc` on keeps the fence up: it says so as long as it runs.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RequestLogger } from '../../functions/api/env.ts'
import { startKeeping } from '../../functions/node/keep-fence.ts'
import { LOOK_AGAIN } from '../../functions/registry/clean-up/fence.ts'
import { findKeepers, keepUp } from '../../functions/registry/clean-up/keepers.ts'
import { CLEAN_UP_PREFIX } from '../../functions/registry/layout.ts'
import { createModel } from '../interleavings/model.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

const open = () => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const names = async () => (await findKeepers(store, clock.now)).map(({ name }) => name)
  return { store, clock, names }
}

test('from its start to its end, and not much longer when it is killed', async () => {
  const { store, clock, names } = open()
  const warn = vi.fn()
  const logger = { warn } as unknown as RequestLogger
  const [stopped, killed] = ['stopped', 'killed'].map((name) => startKeeping(store, name, logger))
  for (let at = 0; at < 5; at++) {
    await vi.advanceTimersByTimeAsync(at === 0 ? 0 : LOOK_AGAIN)
    expect((await names()).sort()).toEqual(['killed', 'stopped'])
    clock.now += LOOK_AGAIN
  }
  await stopped?.()
  expect(await names()).toEqual(['killed'])
  clock.now += 2 * LOOK_AGAIN
  expect(await names()).toEqual([])
  await killed?.()
  expect((await store.list(CLEAN_UP_PREFIX)).objects).toEqual([])
  expect(warn).not.toHaveBeenCalled()
})

test('what a later version says counts, and a function as long as it says', async () => {
  const { store, clock, names } = open()
  await store.put(`${CLEAN_UP_PREFIX}keeper-later`, Buffer.from('{"version":2}'))
  await store.put(`${CLEAN_UP_PREFIX}keeper-large`, Buffer.alloc(2000))
  await keepUp(store, 'function', 'a function', 6 * LOOK_AGAIN)
  expect((await names()).sort()).toEqual([
    'a function',
    `${CLEAN_UP_PREFIX}keeper-large`,
    `${CLEAN_UP_PREFIX}keeper-later`,
  ])
  clock.now += 3 * LOOK_AGAIN
  expect(await names()).toEqual(['a function'])
  clock.now += 3 * LOOK_AGAIN
  expect(await names()).toEqual([])
})
