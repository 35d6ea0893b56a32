/**
 * Operations of the file store look like one moment to each other, also from two processes: those that
 * write a version. All others are in steps.slow.ts.
 *
 * @module
 */
import { afterAll, describe, expect, test } from 'vitest'
import { interpose } from './files.ts'
import { checkSteps, pairsOf, type Step, step } from './steps.ts'

afterAll(interpose())

const some = ['put over the version', 'delete', 'delete the version'].map(step)

describe('from two processes', () => {
  for (const steps of pairsOf(some)) {
    test(steps.map(({ title }) => title).join(' | '), async () => {
      const { cut, faults } = await checkSteps({ steps, present: true, apart: true, limit: 500 })
      expect(faults).toEqual([])
      expect(cut).toBe(false)
    })
  }
})

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
  for (const other of [step('delete the version')]) {
    test(`a look and a write | ${other.title}`, async () => {
      const options = { present: true, apart: false, limit: 500 }
      const { faults } = await checkSteps({ ...options, steps: [looksFirst, other] })
      expect(faults.length).toBeGreaterThan(0)
    })
  }
})
