/**
 * What a guard does where a quota is set.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { QuotaGuard, QuotaOptions } from './port.ts'
import type { Quota } from './quotas.ts'
import { usedUp } from './refusals.ts'
import { tellingSoftLimit } from './soft-limit.ts'

/** Milliseconds for which a count serves to refuse blobs. */
const MAX_AGE = 10_000

/** Counts, for those who know the quota. */
export interface Counting extends Pick<QuotaGuard, 'raise'>, Pick<Ledger, 'leave'> {
  /** Has this process know the count; at most one operation. */
  know(quota: Quota): Promise<unknown>
  /** @throws RegistryError QUOTA_EXCEEDED where the hard limit is reached */
  admit(quota: Quota, repository: string): Promise<void>
}

/** Counts in a store. */
export const createCounting = (
  store: ObjectStore,
  { softLimit, events, now, wait }: QuotaOptions,
): Counting => {
  const told = tellingSoftLimit(events, softLimit)
  const { raise, leave, bytes } = createLedger({ store, now, wait, softLimit: told })
  return {
    raise,
    leave(...image) {
      const lower = leave(...image)
      return () => lower().catch(() => {})
    },
    know: (quota) => bytes(quota, Number.POSITIVE_INFINITY),
    async admit(quota, repository) {
      const used = await bytes(quota, MAX_AGE)
      if (quota.hard !== undefined && used >= quota.hard) throw usedUp(quota, repository, used)
    },
  }
}
