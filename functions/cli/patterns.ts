/**
 * Patterns of repositories, as commands take them.
 *
 * @module
 */

import { compilePatterns, type Matches, repositoriesFault } from '../registry/retention/pattern.ts'
import { quoted } from '../shared/errors.ts'
import { UsageError } from './errors.ts'

/** What some patterns match; all, where there are none. @throws UsageError */
export const matcherOf = (patterns: readonly string[]): Matches => {
  for (const pattern of patterns) {
    const fault = repositoriesFault(pattern)
    if (fault !== undefined) throw new UsageError(`${quoted(pattern)} is no pattern: ${fault}`)
  }
  return patterns.length === 0 ? () => true : compilePatterns(patterns)
}
