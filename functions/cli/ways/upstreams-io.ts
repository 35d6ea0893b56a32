/**
 * What commands on what comes from upstreams work with.
 *
 * @module
 */

import type { Reference } from '../../registry/reference.ts'
import type { Outcome } from '../../upstreams/manifests/refresh.ts'
import type { Io } from '../io.ts'
import type { DeletesIo } from './deletes-io.ts'

/** The world outside a command, and repositories that come from upstreams. */
export interface UpstreamsIo extends Io, Pick<DeletesIo, 'removeWhole'> {
  /** The document; undefined: there is none. */
  readonly document: () => Promise<string | undefined>
  /** All repositories that are here, in order. */
  readonly repositories: () => AsyncIterable<string>
  /**
   * Asks the upstream of a repository now: for one reference, or for all tags that are here.
   *
   * @throws CommandError, or TransferError with what the registry says
   */
  readonly refresh: (name: string, reference: Reference | undefined) => AsyncIterable<Outcome>
  /** Removes what is known of a repository's tags; where that is for the clean-up, nothing. */
  readonly forget: (name: string) => Promise<void>
}
