/**
 * Rules beside requests: with deaths of either, and with a run that sleeps for days while others come and go.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { RULE_PAIRS, RULE_SLEEPERS, THIRTY_DAYS } from './by-rule.ts'
import { faultsIn } from './operations/explored.ts'

/** Most orders of each; `.ci/long collector` runs more of them. */
const LIMIT = process.env.SLIPWAY_COLLECTOR === 'all' ? 300 : 60

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const [kind, meetings, deaths] of [
    ['with deaths', RULE_PAIRS, true],
    ['while one sleeps', RULE_SLEEPERS, false],
  ] as const) {
    test(kind, async () => {
      const options = { service, deaths, limit: LIMIT, rules: THIRTY_DAYS }
      expect(await faultsIn(`${name}, ${kind}`, meetings, options)).toEqual([])
    }, 900_000)
  }
})
