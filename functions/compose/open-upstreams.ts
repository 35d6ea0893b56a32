/**
 * The document of upstreams as it is at the moment.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { FindSource } from '../api/upstreams.ts'
import type { Audit } from '../auth/audit.ts'
import { UPSTREAMS_KEY } from '../registry/layout.ts'
import type { Registry } from '../registry/registry.ts'
import type { ObjectStore } from '../storage/store.ts'
import { openDocument } from './open-document.ts'

export interface UpstreamsOptions {
  readonly store: ObjectStore
  /** Where secrets are that the document names. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly registry: Registry
  readonly logger: RequestLogger
  readonly audit: Audit
  /** Ends all fetches. */
  readonly signal: AbortSignal
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number
}

/** What the document says; undefined where there is none, or no upstream in it. */
interface InForce {
  readonly find: FindSource | undefined
}

/**
 * Follows the document of upstreams: read when something is first pulled, and at most every 20 seconds. While it has
 * never been read, nothing can be pulled or pushed: a name might be somebody else's.
 */
export const openUpstreams = (options: UpstreamsOptions): FindSource => {
  const { store, logger, audit, now = Date.now } = options
  const called = {
    key: UPSTREAMS_KEY,
    name: 'upstreams',
    unread: 'the upstreams cannot be read at the moment',
    unreadable: 'nothing can be pulled or pushed',
  }
  const inForce = openDocument(
    { store, logger, audit, now },
    called,
    async (text): Promise<InForce> => {
      if (text === undefined) return { find: undefined }
      // Loaded only if there is a document: most registries have none.
      const { createPullThrough } = await import('./pull-through.ts')
      return { find: createPullThrough(text, { ...options, now }) }
    },
  )
  return async (name, namespace) => (await (await inForce()).find?.(name, namespace)) ?? 'own'
}
