/**
 * The quotas in the store as they are at the moment.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { Audit } from '../auth/audit.ts'
import { QUOTAS_KEY } from '../registry/layout.ts'
import { NO_QUOTAS, type Quota, type Quotas } from '../registry/quotas/quotas.ts'
import type { ObjectStore } from '../storage/store.ts'
import { openDocument } from './open-document.ts'

/**
 * Follows the document of quotas: read when something is first pushed, and at most every 20 seconds. While it has
 * never been read, nothing can be pushed: it might be too much.
 */
export const openQuotas = (
  store: ObjectStore,
  logger: RequestLogger,
  audit: Audit,
  now: () => number = Date.now,
): (() => Promise<Quotas>) => {
  const called = {
    key: QUOTAS_KEY,
    name: 'quotas',
    unread: 'the quotas cannot be read at the moment',
    unreadable: 'nothing can be pushed',
  }
  return openDocument({ store, logger, audit, now }, called, async (text) => {
    if (text === undefined) return NO_QUOTAS
    // Loaded only if there is a document: loading YAML would slow down cold starts.
    const { parseQuotas } = await import('../registry/quotas/parse.ts')
    return parseQuotas(text)
  })
}

/** Says in the log that a quota has passed its soft limit. */
export const reportSoftLimit =
  (logger: RequestLogger) =>
  ({ title, soft, hard }: Quota, used: number): void => {
    logger.warn(
      { repositories: title, used, soft, hard },
      `the quota of ${title} has passed its soft limit`,
    )
  }
