/**
 * Rules beside requests: with deaths of either, and with a run that sleeps for days while others come and go.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { RULE_PAIRS, RULE_SLEEPERS, THIRTY_DAYS } from './by-rule.ts'
import { exploreCleanUp } from './run.ts'
import { titleOf } from './scenarios.ts'
import { factsOf, stateOf } from './states.ts'

/** Most orders of each; `.ci/long collector` runs more of them. */
const LIMIT = process.env.SLIPWAY_COLLECTOR === 'all' ? 300 : 60

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const [kind, meetings, deaths] of [
    ['with deaths', RULE_PAIRS, true],
    ['while one sleeps', RULE_SLEEPERS, false],
  ] as const) {
    test(kind, async () => {
      let [orders, cut] = [0, 0]
      for (const meeting of meetings) {
        const { actors, state } = meeting
        const before = await stateOf(service, state)
        const scenario = { service, before, facts: factsOf(state), actors, rules: THIRTY_DAYS }
        const first = await exploreCleanUp(scenario, LIMIT)
        const all = [first]
        for (const [instance, writes] of deaths ? first.writes.entries() : []) {
          for (let afterWrites = 0; afterWrites < writes; afterWrites++) {
            all.push(await exploreCleanUp({ ...scenario, death: { instance, afterWrites } }, LIMIT))
          }
        }
        for (const each of all) {
          orders += each.runs
          cut += each.cut ? 1 : 0
          expect([titleOf(meeting), ...each.faults]).toEqual([titleOf(meeting)])
        }
      }
      writeSync(2, `${name}, ${kind}: ${orders} orders of ${meetings.length}, ${cut} cut\n`)
    }, 900_000)
  }
})
