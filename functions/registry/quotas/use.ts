/**
 * How much of each quota is used, for those who ask.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { bytesIn } from './counter.ts'
import { quotasInForce } from './in-force.ts'
import { readCount } from './ledger.ts'

/** A quota, and how much of it is used. */
export interface QuotaUse {
  /** Its patterns, for people. */
  readonly repositories: string
  /** Bytes. */
  readonly used: number
  readonly soft: number | undefined
  readonly hard: number | undefined
  /** When a clean-up last counted; undefined if none has yet. */
  readonly counted: string | undefined
  readonly id: string
}

/**
 * All quotas, in their order. One operation each.
 *
 * @throws DocumentError where the document is not valid
 */
export const quotaUse = async (store: ObjectStore): Promise<readonly QuotaUse[]> => {
  const { all } = await quotasInForce(store)
  return inBatches(all, async ({ id, title, soft, hard }) => {
    const { count } = await readCount(store, id)
    const counted = count.walked && new Date(count.walked.date).toISOString()
    return { repositories: title, used: bytesIn(count), soft, hard, counted, id }
  })
}
