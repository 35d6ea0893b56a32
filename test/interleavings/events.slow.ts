/**
 * Every pair of requests with their events, with every death of one of them, on each kind of service.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { checkDeaths, REQUESTS } from './events.ts'
import { SERVICES, titleOf } from './pairs.ts'
import { fill } from './world.ts'

const HOUR = 3_600_000
const LIMIT = 1_000
/** Where versions are looked at and then deleted, a tag that moves between the two is deleted. */
const EXACT = Object.entries(SERVICES).filter(([, { conditionalDeletes }]) => conditionalDeletes)

describe.each(EXACT)('every pair, with every death of one of them, %s', (_, service) => {
  test(
    'what a later reader finds has its record',
    async () => {
      const before = await fill(service)
      const found: string[] = []
      for (const [at, one] of REQUESTS.entries()) {
        for (const two of REQUESTS.slice(at)) {
          const operations = [one, two]
          const { cut, faults } = await checkDeaths({ service, before, operations }, LIMIT)
          const all = cut ? [...faults, 'not all orders were tried'] : faults
          found.push(...all.map((fault) => `${titleOf(operations)}: ${fault}`))
        }
      }
      expect(found).toEqual([])
    },
    HOUR,
  )
})
