/**
 * The rules on tags in the store as they are at the moment.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { type Audit, changed } from '../auth/audit.ts'
import { liveDocument } from '../auth/live.ts'
import { RETENTION_KEY } from '../registry/layout.ts'
import { NO_RULES, type Retention } from '../registry/retention/retention.ts'
import type { ObjectStore } from '../storage/store.ts'

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
  const live = liveDocument(
    RETENTION_KEY,
    async (text) => {
      if (text === undefined) return NO_RULES
      // Loaded only if there is a document: loading YAML would slow down cold starts.
      const { parseRetention } = await import('../registry/retention/parse.ts')
      return parseRetention(text)
    },
    {
      store,
      now,
      unread: 'the rules on tags cannot be read at the moment',
      report(event) {
        if (event.outcome === 'partly') return
        if (event.outcome === 'loaded') {
          if (!event.first) audit(changed(event))
          return
        }
        const { key, error } = event
        const why = error instanceof Error ? error.message : String(error)
        audit({ event: 'config', what: key, outcome: 'failed', why })
        const consequence =
          event.outcome === 'kept' ? 'the last good ones stay in force' : 'no tag can be changed'
        logger.error({ key, err: error }, `rules on tags unusable: ${consequence}`)
      },
    },
  )
  return live.get
}
