/**
 * How long a run would take in a Lambda function: each call to S3 lasts as long as it is taken to last there, and
 * what the process does between them lasts longer by the share of a core that the function has.
 *
 * @module
 */

import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../../test/support/rig/intercept.ts'
import { billedMilliseconds, CALL_MILLISECONDS } from '../costs.ts'

/** Milliseconds that a listing of 1000 keys is taken to last inside a Region. */
export const LIST_MILLISECONDS = 100

/** A clock that goes on as it would in a Lambda function. */
export interface VirtualClock {
  /** Milliseconds since it was made. */
  now(): number
  /** The store, whose operations make it go on. */
  watch(store: ObjectStore): ObjectStore
  /** Operations so far, by what S3 calls them. */
  calls(): Readonly<Record<string, number>>
  /** How many of them had to wait for others. */
  steps(): number
}

const NAMES: Partial<Record<keyof ObjectStore, string>> = {
  get: 'GetObject',
  head: 'HeadObject',
  put: 'PutObject',
  list: 'ListObjectsV2',
  listMultiparts: 'ListMultipartUploads',
  delete: 'DeleteObjects',
  deleteIf: 'DeleteObject',
  deleteOnce: 'DeleteObject',
  deleteVersion: 'DeleteObject',
}

/** Makes a clock. */
export const createVirtualClock = (): VirtualClock => {
  let [waited, inFlight, steps] = [0, 0, 0]
  const calls: Record<string, number> = {}
  const cpu = process.cpuUsage()
  return {
    now() {
      const { user, system } = process.cpuUsage(cpu)
      return waited + billedMilliseconds((user + system) / 1000, 0)
    },
    watch: (store) =>
      intercept(store, async ({ operation }, proceed) => {
        const name = NAMES[operation] ?? operation
        calls[name] = (calls[name] ?? 0) + 1
        const lasts = operation === 'list' ? LIST_MILLISECONDS : CALL_MILLISECONDS
        // What is sent at once ends at once; what then begins waits for it.
        const end = waited + lasts
        inFlight += 1
        if (inFlight === 1) steps += 1
        try {
          return await proceed()
        } finally {
          inFlight -= 1
          waited = Math.max(waited, end)
        }
      }),
    calls: () => ({ ...calls }),
    steps: () => steps,
  }
}
