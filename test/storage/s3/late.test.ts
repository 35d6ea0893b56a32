/**
 * A write whose time is over is not sent again, either.
 *
 * @module
 */

import { afterAll, afterEach, expect, test } from 'vitest'
import { isStoreError } from '../../../functions/storage/errors.ts'
import { openBucket } from '../../support/rig/stores.ts'

const { s3, store, close } = await openBucket()
afterAll(close)
afterEach(() => s3.faults.clear())

const body = Buffer.from('a link')

test('the clock is looked at right before each time that it is sent', async () => {
  for (const [failures, sent] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    s3.counter.reset()
    if (failures > 0) {
      s3.faults.next({ operation: 'PutObject' }, { error: 'InternalError' }, failures)
    }
    let asked = 0
    const inTime = () => {
      asked += 1
      return true
    }
    await store.put(`in-time-${failures}`, body, { inTime })
    expect([asked, s3.counter.counts.PutObject]).toEqual([sent, sent])
  }
})

test.each(['InternalError', 'SlowDown'] as const)(
  'what %s has kept until it is late is not repeated',
  async (error) => {
    s3.counter.reset()
    s3.faults.next({ operation: 'PutObject' }, { error }, 100)
    const late = async () => {
      let asked = 0
      await store.put('late', body, { inTime: () => ++asked < 3 })
    }
    const failure = await late().catch((thrown: unknown) => thrown)
    expect(isStoreError(failure, 'late'), `${failure}`).toBe(true)
    expect(s3.counter.counts.PutObject).toBe(2)
  },
)
