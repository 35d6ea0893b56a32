/**
 * Repositories that are to go although no document of rules says so: copies of what can be had again, of which there
 * is too much. They go as by rules, and cannot be undeleted: that would keep their bytes.
 *
 * @module
 */

import type { Rule } from '../retention/retention.ts'

/** What is to go. */
export interface Evicted {
  readonly names: ReadonlySet<string>
  /** By which they go; about nothing else. */
  readonly rules: readonly Rule[]
  /** Why something does not go that should, in sentences. */
  readonly notes: readonly string[]
}

/** Finds it. @param date of the run, in milliseconds */
export type FindEvicted = (date: number) => Promise<Evicted>

/** Nothing is. */
export const NOTHING_EVICTED: Evicted = { names: new Set(), rules: [], notes: [] }
