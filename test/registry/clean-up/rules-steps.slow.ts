/**
 * Rules at random, until all steps were taken: see rules-play.ts.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { play } from './rules-play.ts'
import { SERVICES } from './world.ts'

const seen = new Set<string>()

test.each([1, 2, 5].map((seed) => [seed, ...SERVICES[seed % 2]!] as const))(
  'seed %i, on %s',
  async (seed, _, service) => {
    for (const each of await play(seed, 25, service)) seen.add(each)
  },
)

test('all steps were taken', () => {
  expect([...seen].sort()).toEqual([
    'condemn-manifest',
    'delete-manifest',
    'keep-manifest',
    'remove-manifest',
    'remove-tag',
  ])
})
