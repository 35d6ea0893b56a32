/**
 * The rules on tags, ready to be asked.
 *
 * @module
 */

import type { Matches } from './pattern.ts'

/** What a rule does, with ages in milliseconds. */
export type Deed =
  | { readonly keep: 'always' }
  | { readonly keep: { readonly newest: number } }
  | { readonly keep: { readonly pushedWithin: number } }
  | { readonly keep: { readonly pulledWithin: number } }
  | { readonly remove: 'always' }
  | { readonly remove: { readonly notPushedFor: number } }
  | { readonly remove: { readonly notPulledFor: number } }

/** A rule of retention. */
export interface Rule {
  readonly name: string
  readonly repositories: Matches
  /** Tags that it is about; undefined: manifests without one. */
  readonly tags: Matches | undefined
  readonly deed: Deed
  /** Whether the other tags of what it keeps stay, too. */
  readonly allTags: boolean
  readonly evenImmutable: boolean
}

/** Whether a rule asks when something was last pulled. */
export const asksForPulls = ({ deed }: Rule): boolean => {
  const condition = 'keep' in deed ? deed.keep : deed.remove
  return (
    typeof condition === 'object' && ('pulledWithin' in condition || 'notPulledFor' in condition)
  )
}

/** What one document says. */
export interface Retention {
  readonly rules: readonly Rule[]
  /** How many rules make tags immutable. */
  readonly immutables: number
  /** Whether a tag keeps its digest once it has one. */
  isImmutable(repository: string, tag: string): boolean
}

/** Where there is no document. */
export const NO_RULES: Retention = { rules: [], immutables: 0, isImmutable: () => false }
