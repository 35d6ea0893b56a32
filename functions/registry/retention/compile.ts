/**
 * Makes rules of a document.
 *
 * @module
 */

import { ageOf } from './age.ts'
import { compilePatterns } from './pattern.ts'
import type { Deed, Retention, Rule } from './retention.ts'
import type { RetentionDocument } from './schema.ts'

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
