/**
 * What a policy makes public: repositories that everyone may pull, in patterns that an edge can look up.
 *
 * It looks for a repository's name, then for `<parent>/*`, then for `<ancestor>/**` of each ancestor, then for
 * `**`. Patterns of other forms cannot be looked up, and are left out.
 *
 * @module
 */

import type { Glob } from '../../shared/glob.ts'
import { ANONYMOUS } from '../identity.ts'
import { allows, type Policy, rulesFor } from './policy.ts'

/** A name, or components before a last one that is `*` or `**`. */
const FORM = /^(?:[^*$]+|(?:[^*$]+\/)?\*\*?)$/

/** What all that a pattern matches begins with. */
const headOf = (text: string): string => text.split(/\*|\$/, 1)[0] ?? ''

/** Whether there may be a name that both match. No is certain. */
const mayMeet = (one: Glob, other: Glob): boolean => {
  const [a, b] = [headOf(one.text), headOf(other.text)]
  if (b === other.text) return one.matches(b, '')
  return a.startsWith(b) || b.startsWith(a)
}

/**
 * Patterns of repositories that everyone may pull, sorted. All that one of them matches is public. Not all that is
 * public need match one: neither what a pattern of another form allows, nor what is allowed by one of which an
 * earlier rule may deny a part, nor what must be signed.
 */
export const publicPatterns = (policy: Policy): readonly string[] => {
  const found = new Set<string>()
  // What an edge has, it gives without a look at the signatures.
  const denied: Glob[] = (policy.required ?? []).flatMap(({ signed, repositories }) =>
    signed === undefined ? [] : repositories,
  )
  for (const { repositories, allow } of rulesFor(policy, ANONYMOUS, 'pull')) {
    // A pattern with the caller's name matches nothing for callers without one.
    const globs = repositories.filter((glob) => glob.usable(''))
    if (!allow) denied.push(...globs)
    else {
      for (const glob of globs) {
        const certain = glob.text.includes('*')
          ? !denied.some((other) => mayMeet(glob, other))
          : allows(policy, ANONYMOUS, glob.text, 'pull') &&
            !denied.some((other) => other.matches(glob.text, ''))
        if (certain && FORM.test(glob.text)) found.add(glob.text)
      }
    }
  }
  return [...found].sort()
}
