/**
 * A store says how many requests it has sent again: the first of each may be carried out later than the answer.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { openStore } from './harness.ts'

test.for([true, false])('with requests past the SDK: %s', async (direct, t) => {
  const { store, s3 } = await openStore(t, { direct })
  const body = Buffer.from('a link')
  await store.put('key', body)
  await store.put('key', body, { condition: { ifNoneMatch: '*' } }).catch(() => {})
  expect(store.lastCalls.resent).toBe(0)
  s3.faults.next({ operation: 'PutObject' }, { error: 'InternalError' }, 2)
  await store.put('key', body)
  expect(store.lastCalls.resent).toBe(2)
})
