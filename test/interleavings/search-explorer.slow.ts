/**
 * What explores the index for search finds that a condition is missing. The index itself is in search.slow.ts.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { SERVICES } from './pairs.ts'
import { actor, CONDITIONAL, exploreSearch, fill, without } from './search.ts'

const service = SERVICES['with versions, or files']!

test.each(CONDITIONAL)('writes below %s need their condition', async (prefix) => {
  const before = await fill(service)
  const actors = [actor('push NEW as app:latest'), actor('push OLD as app:again')]
  const scenario = { service, before, actors, spoil: without(prefix) }
  const { faults } = await exploreSearch(scenario, 60)
  expect(faults).not.toEqual([])
})
