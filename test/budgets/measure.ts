/**
 * Counts what work costs on the wire of an S3.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll } from 'vitest'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { sequentialSteps } from '../emulators/s3/counter.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import type { ClientOptions, Send } from '../support/rig/client.ts'
import { clientOf } from '../support/rig/client.ts'
import { openBucket } from '../support/rig/stores.ts'

/** What some work may cost. */
export interface Budget {
  /** Calls by operation; no others may be made. */
  readonly calls: Readonly<Record<string, number>>
  /** How many of them may have to wait for one another; default: not looked at. */
  readonly steps?: number
}

/** An S3 of a test file's own. */
export interface Meter {
  readonly s3: S3Server
  readonly store: ObjectStore
  /** A client of an app whose memory is empty; its opening is not counted. */
  open(options?: ClientOptions): Promise<Send>
  /**
   * Does the work and compares its cost with the budget, exactly: what costs less should have its
   * budget lowered. With `steps`, each call waits until no other has begun for `latency` milliseconds,
   * so that calls at once overlap.
   */
  costs<T>(budget: Budget, work: () => Promise<T>, latency?: number): Promise<T>
}

/** Starts an S3, which ends with the tests of the file. */
export const meter = async (): Promise<Meter> => {
  const { s3, store, close } = await openBucket()
  afterAll(close)
  // Tried once by each instance, before its first delete.
  await store.deletesExactly()
  // What is remembered for seconds is remembered throughout, also on a busy machine.
  const began = Date.now()
  return {
    s3,
    store,
    open: (options) => clientOf(store, { now: () => began, ...options }),
    async costs({ calls, steps }, work, latency = 40) {
      const { counter, faults } = s3
      counter.reset()
      if (steps !== undefined) faults.latency(latency)
      try {
        const result = await work()
        assert.deepEqual(counter.counts, calls)
        if (steps !== undefined) assert.equal(sequentialSteps(counter.log), steps, 'steps')
        return result
      } finally {
        faults.clear()
      }
    },
  }
}
