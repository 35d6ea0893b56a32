/**
 * What commands on documents work with: those in a store, or those that a registry has.
 *
 * @module
 */

import type { Change } from '../../auth/changes.ts'
import type { DocumentSource, Edit } from '../../auth/document.ts'
import type { Policy } from '../../auth/policy/policy.ts'
import type { Io } from '../io.ts'

/** The world outside a command, and documents. */
export interface DocumentIo extends Io {
  readonly store: DocumentSource
  /** Said after a change: when registries see it. */
  readonly seen: string
  /** Changes a document as `editDocument` does. Whoever does so is noted. */
  readonly edit: Edit
  /** Who has changed documents. */
  readonly changes: () => Promise<readonly Change[]>
  /**
   * Puts a policy in force, and keeps what an edge takes for public in step with it.
   *
   * @returns whether anything was written
   */
  readonly keepInStep: (policy: Policy, write: () => Promise<boolean>) => Promise<boolean>
  /** What is odd about a policy, though it is valid, in sentences. */
  readonly policyNotes: (policy: Policy) => Promise<readonly string[]>
}
