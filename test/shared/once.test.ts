import assert from 'node:assert/strict'
import { test } from 'vitest'
import { once } from '../../functions/shared/once.ts'

test('concurrent callers share the work, later ones its result', async () => {
  let times = 0
  const get = once(async () => ++times)
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1])
  assert.equal(await get(), 1)
})

test('failed work is tried again by the next call', async () => {
  let times = 0
  const get = once(async () => {
    times += 1
    if (times === 1) throw new Error('not yet')
    return times
  })
  const both = await Promise.allSettled([get(), get()])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await get(), 2)
  assert.equal(await get(), 2)
})
