/**
 * What explores the orders of store operations finds the faults that are put in, and leaves out nothing that
 * counts. The pairs themselves are in pairs.slow.ts.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { SERVICES } from './pairs.ts'
import { SPOILERS } from './spoilers.ts'
import { fill, operation } from './world.ts'

const service = SERVICES['as S3']!
const before = await fill(service)
const LIMIT = 1_000

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
