/**
 * Rules beside requests: each part of the protocol left out once, and a run beside each push. All
 * requests, with deaths, runs that sleep, are in by-rule.slow.ts.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { BROKEN, RULE_PUSHES, THIRTY_DAYS } from './by-rule.ts'
import { exploreCleanUp } from './run.ts'
import { titleOf } from './scenarios.ts'
import { factsOf, stateOf } from './states.ts'

const service = SERVICES['as S3']!

describe.each(BROKEN)('$title', (rule) => {
  const explored = async (spoiled: typeof rule | undefined) => {
    const { actors, state } = rule.meeting
    const before = await stateOf(service, state)
    const scenario = { service, before, facts: factsOf(state), actors, rules: THIRTY_DAYS }
    return exploreCleanUp(spoiled ? { ...scenario, spoiled } : scenario, 300)
  }

  test('left out, it is found', async () => {
    const { faults } = await explored(rule)
    expect([...faults.keys()].join('\n')).toMatch(rule.shows)
  })

  test('as it is, nothing is found', async () => {
    expect([...(await explored(undefined)).faults]).toEqual([])
  })
})

test.each(RULE_PUSHES.map((meeting) => [titleOf(meeting), meeting] as const))(
  '%s',
  async (_, { state, actors }) => {
    const before = await stateOf(service, state)
    const scenario = { service, before, facts: factsOf(state), actors, rules: THIRTY_DAYS }
    expect([...(await exploreCleanUp(scenario, 40)).faults]).toEqual([])
  },
)
