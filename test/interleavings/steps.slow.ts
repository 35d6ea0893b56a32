/**
 * Every pair of operations of the file store on one key, in one process and from two.
 *
 * @module
 */
import { afterAll, describe, expect, test } from 'vitest'
import { interpose } from './files.ts'
import { checkSteps, pairsOf, STEPS, type Step, step } from './steps.ts'

afterAll(interpose())

for (const apart of [false, true]) {
  for (const present of [false, true]) {
    const title = `${apart ? 'two processes' : 'one process'}, ${present ? 'an' : 'no'} object before`
    test(title, async () => {
      for (const steps of pairsOf(STEPS)) {
        // In one process the order of locks multiplies them: there, the first of each pair.
        const limit = apart ? 2_000 : 100
        const { cut, faults } = await checkSteps({ steps, present, apart, limit })
        expect(faults, steps.map((each) => each.title).join(' | ')).toEqual([])
        if (apart) expect(cut).toBe(false)
      }
    })
  }
}

describe('what is not one moment is found', () => {
  const looksFirst: Step = {
    title: 'look, then put',
    run: async (store, { etag }) => {
      const found = await store.head('v/some/link')
      if (found?.etag !== etag) return 'changed'
      await store.put('v/some/link', Buffer.from('over'))
      return 'over'
    },
  }
  test('a look and a write | delete the version', async () => {
    const steps = [looksFirst, step('delete the version')]
    const { faults } = await checkSteps({ present: true, apart: false, limit: 500, steps })
    expect(faults.length).toBeGreaterThan(0)
  })
})
