/**
 * Repairs of `slipway check` beside pushes, deletes and runs of the clean-up: every order of their store operations,
 * with a death of either at each write.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { SERVICES } from '../pairs.ts'
import { session } from './actors.ts'
import { BROKEN, repair } from './repairs.ts'
import { exploreCleanUp } from './run.ts'
import { make } from './states.ts'

/** Most orders of each. */
const LIMIT = 300

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  test.each(Object.entries(BROKEN))(
    '%s',
    async (what, broken) => {
      const before = await make(service, async (making) => void (await broken.state(making)))
      let [orders, cut] = [0, 0]
      for (const other of broken.others) {
        const scenario = { service, before, facts: [], actors: [other, repair(broken)] }
        const first = await exploreCleanUp(scenario, LIMIT)
        const deaths = first.writes.flatMap((writes, instance) =>
          Array.from({ length: writes }, (_, afterWrites) => ({ instance, afterWrites })),
        )
        const all = [{ found: first, died: -1 }]
        for (const death of deaths) {
          const found = await exploreCleanUp({ ...scenario, death }, LIMIT)
          all.push({ found, died: death.instance })
        }
        for (const { found, died } of all) {
          orders += found.runs
          cut += found.cut ? 1 : 0
          // What was wrong before is so where somebody has died who was to mend it, or to push it.
          const faults = [...found.faults].filter(
            ([fault]) => died === -1 || broken.wrong === undefined || !broken.wrong.test(fault),
          )
          expect([other.title, died, ...faults]).toEqual([other.title, died])
        }
      }
      writeSync(2, `${name}, ${what}: ${orders} orders, ${cut} cut\n`)
    },
    300_000,
  )
})

describe('broken once', () => {
  const unconditional = (store: ObjectStore): ObjectStore => ({
    ...store,
    deleteIf: (key) => store.delete([key]),
  })
  test.each([
    ['a tag of nothing', session('app', 'v2')],
    ['a condemned link whose data is gone', session('app', 'v2')],
    ['a damaged link of data that is gone', session('app', 'v2')],
  ])(
    '%s: without its condition, a delete takes what was acknowledged',
    async (what, other) => {
      const service = SERVICES['as S3']!
      const broken = BROKEN[what]!
      const before = await make(service, async (making) => void (await broken.state(making)))
      const explored = async (spoil: typeof unconditional | undefined) => {
        const actors = [other, repair(broken, spoil)]
        const { faults } = await exploreCleanUp({ service, before, facts: [], actors }, LIMIT)
        return [...faults.keys()].join('\n')
      }
      expect(await explored(undefined)).toBe('')
      expect(await explored(unconditional)).toMatch(/lost/)
    },
    300_000,
  )
})
