/**
 * Requests at once leave what they leave one after the other: every order of the store operations of
 * every pair. Deaths, other services and three at once are in pairs.slow.ts.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { exploreAll, PAIRS, SERVICES, titleOf } from './pairs.ts'
import { SPOILERS } from './spoilers.ts'
import { fill, operation } from './world.ts'

const service = SERVICES['as S3']!
const before = await fill(service)
const LIMIT = 1_000

describe('on two instances', () => {
  const options = { service, before, deaths: false, together: false, limit: LIMIT }
  for (const pair of PAIRS) {
    test(titleOf(pair), async () => {
      const { cut, faults, inMoments } = await exploreAll(pair, options)
      expect({ cut, faults, inMoments }).toEqual({ cut: false, faults: [], inMoments: false })
    })
  }
})

describe('faults that are put in are found', () => {
  for (const { title, spoil, operations, shows } of SPOILERS) {
    test(title, async () => {
      const scenario = { service, before, spoil, operations: operations.map(operation) }
      const { faults } = await check(scenario, LIMIT)
      expect(faults.map(({ why }) => why).join('\n')).toMatch(shows)
    })
  }
})

describe('the orders that are left out end as one of those that are tried', () => {
  for (const [one, two] of [
    ['delete a tag', 'delete a tag'],
    ['delete a blob', 'upload a blob'],
    ['mount a blob', 'delete a blob'],
  ] as const) {
    test(`${one} | ${two}`, async () => {
      const scenario = { service, before, operations: [operation(one), operation(two)] }
      const all = await check({ ...scenario, naive: true }, LIMIT)
      const some = await check(scenario, LIMIT)
      expect(all.cut).toBe(false)
      expect(some.endings).toEqual(all.endings)
      expect(some.runs).toBeLessThanOrEqual(all.runs)
    })
  }
})
