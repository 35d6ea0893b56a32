/**
 * Who counts what becomes of pulls from upstreams. All of it takes no time.
 *
 * @module
 */

import type { UpstreamFailure } from './client/failure.ts'

/** What a client got: what is here; what was fetched for it, or for another at that moment; an older copy; nothing. */
export type PullResult = 'hit' | 'miss' | 'shared' | 'stale' | 'failed'

/** Counts. Upstreams are called as the document has them. */
export interface UpstreamWatch {
  /** A request to an upstream has been responded to, or was in vain. */
  asked(upstream: string, outcome: 'ok' | UpstreamFailure): void
  /** An upstream says how much it still gives in a time. */
  remaining(upstream: string, left: number): void
  /** A client's pull is answered. */
  pulled(kind: 'manifest' | 'blob', result: PullResult): void
  /** Bytes of blobs are served from the store, whole where the client is redirected to it. */
  saved(bytes: number): void
  /** One fetch of a blob more, or less, is under way. */
  fetching(change: 1 | -1): void
}
