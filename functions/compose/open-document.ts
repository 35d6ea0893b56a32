/**
 * A document in the store as it is at the moment, and what is said of its changes.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { type Audit, changed } from '../auth/audit.ts'
import { liveDocument } from '../auth/live.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Who follows a document, and who is told. */
export interface Following {
  readonly store: ObjectStore
  readonly logger: RequestLogger
  readonly audit: Audit
  /** Clock in milliseconds. */
  readonly now: () => number
}

/** What a document is called, and what follows while it has never been read. */
export interface Called {
  readonly key: string
  readonly name: string
  /** What a client is told meanwhile. */
  readonly unread: string
  readonly unreadable: string
}

/** Follows a document: it is read when it is first asked for, and at most every 20 seconds. */
export const openDocument = <T extends object>(
  { store, logger, audit, now }: Following,
  { key: document, name, unread, unreadable }: Called,
  parse: (text: string | undefined) => Promise<T>,
): (() => Promise<T>) =>
  liveDocument(document, parse, {
    store,
    now,
    unread,
    report(event) {
      if (event.outcome === 'partly') return
      if (event.outcome === 'loaded') {
        if (!event.first) audit(changed(event))
        return
      }
      const { key, error } = event
      const why = error instanceof Error ? error.message : String(error)
      audit({ event: 'config', what: key, outcome: 'failed', why })
      const consequence = event.outcome === 'kept' ? 'the last good ones stay in force' : unreadable
      logger.error({ key, err: error }, `${name} unusable: ${consequence}`)
    },
  }).get
