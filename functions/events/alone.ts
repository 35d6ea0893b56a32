/**
 * Work that one process on a store does at a time.
 *
 * @module
 */

import { takeLease } from '../registry/clean-up/lease.ts'
import type { ObjectStore } from '../storage/store.ts'
import { deliveryLeaseKey } from './keys.ts'

/**
 * Does work while no other process does it.
 *
 * @param name of the work: `COPYING`, or that of a receiver
 * @param now clock in milliseconds since 1970
 * @param work is given what says whether the work is still its own
 * @returns what the work returns; `busy` where another process does it
 * @throws StoreError
 */
export const alone = async <T>(
  store: ObjectStore,
  name: string,
  now: () => number,
  work: (isOwn: () => Promise<boolean>) => Promise<T>,
): Promise<T | 'busy'> => {
  const lease = await takeLease(store, now(), () => performance.now(), deliveryLeaseKey(name))
  if (lease instanceof Date) return 'busy'
  try {
    return await work(lease.keep)
  } finally {
    await lease.release()
  }
}
