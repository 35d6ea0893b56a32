/**
 * Requests beside runs of the clean-up: every request on every state, with one run, with deaths of either,
 * and with a run that sleeps for days while others come and go.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../pairs.ts'
import { faultsIn } from './operations/explored.ts'
import { PAIRS, SLEEPERS } from './scenarios.ts'

/** Most orders of each, and of those in which a run sleeps; `.ci/long collector` tries more. */
const [LIMIT, SLEEPING] = process.env.SLIPWAY_COLLECTOR === 'all' ? [300, 300] : [100, 25]

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const [kind, meetings, deaths, limit] of [
    ['with deaths', PAIRS, true, LIMIT],
    ['while one sleeps', SLEEPERS, false, SLEEPING],
  ] as const) {
    test(kind, async () => {
      const options = { service, deaths, limit }
      expect(await faultsIn(`${name}, ${kind}`, meetings, options)).toEqual([])
    }, 900_000)
  }
})
