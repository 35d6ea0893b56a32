/**
 * What commands that delete, and undo deletes, work with.
 *
 * @module
 */

import type { Deletion } from '../../registry/deleted/deletions.ts'
import type { Undeleted } from '../../registry/deleted/undelete.ts'
import type { Reference } from '../../registry/reference.ts'
import type { WholeDelete } from '../../registry/whole/note.ts'
import type { WholeRemoved } from '../../registry/whole/remove.ts'
import type { WholeUndeleted } from '../../registry/whole/undelete.ts'
import type { Io } from '../io.ts'

/** The deletes of a repository, the latest first. */
export interface DeletesOf {
  readonly name: string
  /** Of all of it. */
  readonly whole: readonly Pick<WholeDelete, 'id' | 'at' | 'by' | 'state'>[]
  /** All, also those that went with the whole. */
  readonly deletions: readonly Deletion[]
  /** Whether what some of them have deleted is there now. */
  readonly areThere: (some: readonly Deletion[]) => Promise<readonly boolean[]>
}

/** A whole repository that goes. */
export interface Removed extends WholeRemoved {
  /** Days for which it can be undone; 0: it cannot be. */
  readonly days: number
}

/** The world outside a command, and the deletes of a registry. */
export interface DeletesIo extends Io {
  /** Of the repositories that were deleted as a whole. */
  allWhole(): AsyncIterable<DeletesOf>
  deletesOf(name: string): Promise<DeletesOf>
  /** @throws RegistryError, or TransferError with what the registry says */
  undelete(name: string, reference: Reference): Promise<Undeleted>
  /** @throws as `undelete` does */
  undeleteWhole(name: string): Promise<WholeUndeleted>
  /** @param override whether immutable tags go, too; @throws as `undelete` does */
  removeWhole(name: string, override: boolean): Promise<Removed>
}
