/**
 * What a configuration of distribution becomes.
 *
 * @module
 */

import type { SettingName } from '../../compose/setting-table.ts'
import type { Note } from './reading.ts'

/** Documents that are set by a command: its words, and the document. */
export interface PlannedDocument {
  readonly command: 'policy' | 'issuers' | 'events' | 'upstreams'
  readonly document: object
}

/** A variable that the server needs, whose value is not shown: it may be a secret. */
export interface PlannedVariable {
  readonly name: string
  /** The key that has its value. */
  readonly from: string
  /** In words, where it is not just the value. */
  readonly form?: string
}

/** A plan that is being made. */
export interface Plan {
  readonly settings: Map<SettingName, string>
  readonly variables: PlannedVariable[]
  readonly documents: PlannedDocument[]
  /** A file of users. */
  users: string | undefined
}

/** A plan, and what is to be said of it. */
export interface FinishedPlan extends Readonly<Plan> {
  readonly notes: readonly Note[]
}

export const newPlan = (): Plan => ({
  settings: new Map(),
  variables: [],
  documents: [],
  users: undefined,
})
