/**
 * The rules on tags, ready to be asked.
 *
 * @module
 */

import { ageOf } from './age.ts'
import { compilePatterns, type Matches } from './pattern.ts'
import type { RetentionDocument } from './schema.ts'

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

type WrittenRule = RetentionDocument['rules'][number]

/** The ages of a rule's condition as milliseconds. */
const inMilliseconds = (condition: NonNullable<WrittenRule['keep'] | WrittenRule['remove']>) =>
  typeof condition === 'string'
    ? condition
    : Object.fromEntries(
        Object.entries(condition).map(([name, value]) => [
          name,
          typeof value === 'string' ? ageOf(value) : value,
        ]),
      )

const compileRule = (written: WrittenRule): Rule => {
  const { name, repositories, tags, except = [], keep, remove, allTags, evenImmutable } = written
  const [among, spared] = [tags && compilePatterns(tags), compilePatterns(except)]
  const deed =
    keep === undefined
      ? { remove: inMilliseconds(remove ?? 'always') }
      : { keep: inMilliseconds(keep) }
  return {
    name,
    repositories: compilePatterns(repositories),
    tags: among && ((tag) => among(tag) && !spared(tag)),
    // The schema has checked that these are the conditions there are.
    deed: deed as Deed,
    allTags: allTags ?? false,
    evenImmutable: evenImmutable ?? false,
  }
}

/** Compiles a document that the schema has checked. */
export const compileRetention = ({ immutable, rules }: RetentionDocument): Retention => {
  const frozen = immutable.map(({ repositories, tags, except }) => ({
    repositories: compilePatterns(repositories),
    tags: compilePatterns(tags),
    except: compilePatterns(except),
  }))
  return {
    rules: rules.map(compileRule),
    immutables: frozen.length,
    isImmutable: (repository, tag) =>
      frozen.some((each) => each.repositories(repository) && each.tags(tag) && !each.except(tag)),
  }
}
