/**
 * The rules of the clean-up, each broken once: the explorer finds what then goes wrong, and finds nothing
 * at the same place while the rule stands. All requests beside runs are in clean-up.slow.ts.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { LITTER_RULES } from './litter-rules.ts'
import { exploreCleanUp } from './run.ts'
import { RULES } from './spoilers.ts'
import { factsOf, stateOf } from './states.ts'

const LIMIT = 300

describe.each([...RULES, ...LITTER_RULES])('$title', (rule) => {
  const { meeting, shows, versions, late = false } = rule
  const service = SERVICES[versions ? 'with versions, or files' : 'as S3']!
  const explored = async (spoiled: typeof rule | undefined) => {
    const before = await stateOf(service, meeting.state)
    const { actors, state } = meeting
    const scenario = { service, before, facts: factsOf(state), actors, late }
    return exploreCleanUp(spoiled ? { ...scenario, spoiled } : scenario, LIMIT)
  }

  test('broken, it is found', async () => {
    const { faults } = await explored(rule)
    expect([...faults.keys()].join('\n')).toMatch(shows)
  })

  test('as it is, nothing is found', async () => {
    expect([...(await explored(undefined)).faults]).toEqual([])
  })
})
