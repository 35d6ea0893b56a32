/**
 * What commands on events work with.
 *
 * @module
 */

import type { Resent } from '../../events/dead-letters.ts'
import type { Dead, Waiting } from '../../events/shown.ts'
import type { DocumentIo } from './document-io.ts'

/** The world outside a command, documents, and events that are not delivered. */
export interface EventsIo extends DocumentIo {
  /** What could not be delivered, by receiver and then by time. */
  readonly dead: () => AsyncIterable<Dead>
  /** What waits for its receiver, in the same order. */
  readonly waiting: () => AsyncIterable<Waiting>
  /** Receivers that have ended, by name. */
  readonly ended: () => Promise<readonly string[]>
  /** Has receivers of the document that have ended be sent events again. */
  readonly revive: (names: readonly string[]) => Promise<void>
  /** Has events be sent again, by their ids. */
  readonly resend: (ids: readonly string[] | 'all') => Promise<Omit<Resent, 'more'>>
}
