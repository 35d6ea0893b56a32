/**
 * Records the pulls of a process that lives on: they are noted in memory, and written from time to time, beside
 * all requests.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { RECORDED_FOR, SAID_EVERY } from './bounds.ts'
import { type Pull, recordPulls, sayRecorded } from './record.ts'
import { createSeenPulls } from './seen.ts'

/** Most pulls that wait to be written. Those beyond are recorded when the manifest is pulled again. */
const MAX_WAITING = 10_000

/** Notes pulls and writes them. */
export interface PullRecorder {
  /** Notes a pull; takes no time. */
  pulled(repository: string, digest: string): void
  /**
   * Writes what was noted. What fails is written by the next one.
   *
   * @throws StoreError
   */
  write(store: ObjectStore): Promise<void>
}

/** @param now clock in milliseconds */
export const createPullRecorder = (
  now: () => number = Date.now,
  most: number = MAX_WAITING,
): PullRecorder => {
  const seen = createSeenPulls(now, most)
  let waiting: Pull[] = []
  let said = Number.NEGATIVE_INFINITY
  return {
    pulled(repository, digest) {
      if (seen.has(repository, digest) || waiting.length >= most) return
      seen.add(repository, digest, now() + RECORDED_FOR)
      waiting.push({ repository, digest })
    },
    async write(store) {
      const pulls = waiting
      waiting = []
      const left = new Set(pulls)
      try {
        await recordPulls(store, pulls, now(), (pull, until) => {
          left.delete(pull)
          seen.add(pull.repository, pull.digest, until)
        })
      } catch (error) {
        waiting = [...left, ...waiting].slice(0, most)
        throw error
      }
      if (now() < said + SAID_EVERY) return
      await sayRecorded(store, now())
      said = now()
    },
  }
}
