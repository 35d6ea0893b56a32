/**
 * Rules at random, many: see rules-play.ts.
 *
 * @module
 */
import { test } from 'vitest'
import { play } from './rules-play.ts'
import { SERVICES } from './world.ts'

/** `.ci/long collector` plays them all. */
const COUNT = process.env.SLIPWAY_COLLECTOR === 'all' ? 30 : 8

const SEEDS = Array.from({ length: COUNT }, (_, at) => 100 + at)

test.each(SEEDS.map((seed) => [seed, ...SERVICES[seed % 2]!] as const))(
  'seed %i, on %s',
  async (seed, _, service) => void (await play(seed, 80, service)),
  120_000,
)
