/**
 * The rules on tags in the store as they are at the moment.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { Audit } from '../auth/audit.ts'
import { RETENTION_KEY } from '../registry/layout.ts'
import { NO_RULES, type Retention } from '../registry/retention/retention.ts'
import type { ObjectStore } from '../storage/store.ts'
import { openDocument } from './open-document.ts'

/**
 * Follows the document of rules: read when a tag is first pushed or deleted, and at most every 20 seconds.
 * While it has never been read, tags cannot be pushed or deleted: they might be immutable.
 */
export const openRules = (
  store: ObjectStore,
  logger: RequestLogger,
  audit: Audit,
  now: () => number = Date.now,
): (() => Promise<Retention>) => {
  const called = {
    key: RETENTION_KEY,
    name: 'rules on tags',
    unread: 'the rules on tags cannot be read at the moment',
    unreadable: 'no tag can be changed',
  }
  return openDocument({ store, logger, audit, now }, called, async (text) => {
    if (text === undefined) return NO_RULES
    // Loaded only if there is a document: loading YAML would slow down cold starts.
    const { parseRetention } = await import('../registry/retention/parse.ts')
    return parseRetention(text)
  })
}
