/**
 * Whatever changes a repository beside whatever else does, each followed by what keeps the index, with every death: the
 * index is right in the end.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from './pairs.ts'
import { ACTORS, exploreSearch, fill } from './search.ts'

const HOUR = 3_600_000
/** Orders tried of each pair, and of each death; `.ci/long collector` tries more. */
const [LIMIT, DEATHS] = process.env.SLIPWAY_COLLECTOR === 'all' ? [100, 10] : [35, 4]

describe.each(Object.entries(SERVICES))('%s', (_, service) => {
  const filled = fill(service)
  const pairs = ACTORS.flatMap((one, at) => ACTORS.slice(at).map((two) => [one, two] as const))
  test.each(pairs.map((pair) => [pair.map(({ title }) => title).join(' | '), pair] as const))(
    '%s',
    async (title, actors) => {
      const before = await filled
      const { writes, ...alive } = await exploreSearch({ service, before, actors }, LIMIT)
      expect(alive.faults).toEqual([])
      for (const [instance, most] of writes.entries()) {
        for (let afterWrites = 0; afterWrites < most; afterWrites++) {
          const death = { instance, afterWrites }
          const { faults } = await exploreSearch({ service, before, actors, death }, DEATHS)
          expect(faults, `${title}, ${instance} dies after ${afterWrites} writes`).toEqual([])
        }
      }
    },
    HOUR,
  )
})
