/**
 * Quotas in a store, as commands work with them.
 *
 * @module
 */

import { quotaUse } from '../../registry/quotas/use.ts'
import type { StoreIo } from '../command.ts'
import { inStore as documentsInStore } from './documents-in-store.ts'
import type { QuotasIo } from './quotas-io.ts'

/** Quotas in a store. */
export const inStore = (io: StoreIo): QuotasIo => ({
  ...documentsInStore(io),
  quotaUse: () => quotaUse(io.store),
})
