/**
 * What the rules of another registry become. What has no equal here is said in a warning, and then more is kept
 * than there, never less.
 *
 * @module
 */

import type { RetentionInput } from '../schema.ts'

/** A rule as people write it. */
export type WrittenRule = NonNullable<RetentionInput['rules']>[number]

/** A document, and what it does not say as the other registry had it. */
export interface Imported {
  readonly document: RetentionInput
  readonly warnings: readonly string[]
}

/** Longest name of a rule that is made here, in characters. */
const MAX_NAME = 90

/** A name for a rule that no other has. */
export const namesOf = (): ((name: string) => string) => {
  const used = new Map<string, number>()
  return (name) => {
    const short = name.slice(0, MAX_NAME)
    const count = (used.get(short) ?? 0) + 1
    used.set(short, count)
    return count === 1 ? short : `${short} (${count})`
  }
}
