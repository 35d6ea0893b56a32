/**
 * Each request with its event, and every death of it: what a later reader finds has its record. Then every pair, on each kind of service; after each write both may have died.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { checkDeaths, checkEvents, REQUESTS } from './events.ts'
import { SERVICES, titleOf } from './pairs.ts'
import { fill } from './world.ts'

const HOUR = 3_600_000
/** Orders tried of each pair; many have more, of which `.ci/long collector` tries some. */
const LIMIT = process.env.SLIPWAY_COLLECTOR === 'all' ? 40 : 15
/** Where versions are looked at and then deleted, a tag that moves between the two is deleted. */
const EXACT = Object.entries(SERVICES).filter(([, { conditionalDeletes }]) => conditionalDeletes)

describe('each request, with every death', () => {
  const service = SERVICES['as S3']!
  const filled = fill(service)
  for (const each of REQUESTS) {
    test(each.title, async () => {
      const scenario = { service, before: await filled, operations: [each] }
      const { cut, faults } = await checkDeaths(scenario, 500)
      expect({ cut, faults }).toEqual({ cut: false, faults: [] })
    })
  }
})

describe.each(EXACT)('every pair, %s', (_, service) => {
  test(
    'what a later reader finds has its record',
    async () => {
      const before = await fill(service)
      const found: string[] = []
      for (const [at, one] of REQUESTS.entries()) {
        for (const two of REQUESTS.slice(at)) {
          const operations = [one, two]
          const { faults } = await checkEvents({ service, before, operations }, LIMIT)
          found.push(...faults.map((fault) => `${titleOf(operations)}: ${fault}`))
        }
      }
      expect(found).toEqual([])
    },
    HOUR,
  )
})
