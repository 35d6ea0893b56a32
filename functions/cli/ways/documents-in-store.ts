/**
 * Documents in a store, as commands work with them.
 *
 * @module
 */

import { readChanges } from '../../auth/changes.ts'
import { policyNotes } from '../../auth/policy/notes.ts'
import type { StoreIo } from '../command.ts'
import { keepInStep } from '../keep-in-step.ts'
import type { DocumentIo } from './document-io.ts'

/** Documents in a store. */
export const inStore = (io: StoreIo): DocumentIo => ({
  ...io,
  changes: () => readChanges(io.store),
  keepInStep: (policy, write) => keepInStep(io, policy, write),
  policyNotes: (policy) => policyNotes(policy, io.store),
})
