/**
 * What `slipway quota` works with.
 *
 * @module
 */

import type { QuotaUse } from '../../registry/quotas/use.ts'
import type { DocumentIo } from './document-io.ts'

/** The world outside a command, documents, and how much of quotas is used. */
export interface QuotasIo extends DocumentIo {
  readonly quotaUse: () => Promise<readonly QuotaUse[]>
}
