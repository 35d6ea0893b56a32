/**
 * Every operation beside a run of the clean-up. `.ci/long collector` tries more orders, and adds a second run, a run
 * that is stopped for weeks after each step, and a death of each actor after each of its writes.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../../pairs.ts'
import { collector, inTurn, stretched, sweeper } from '../actors.ts'
import type { Actor } from '../run.ts'
import { faultsIn } from './explored.ts'
import { OPERATIONS, type Operation } from './table.ts'

const ALL = process.env.SLIPWAY_COLLECTOR === 'all'
const HOUR = 3_600_000

interface Kind {
  readonly title: string
  readonly operations: readonly Operation[]
  /** Beside each operation. */
  readonly others: readonly Actor[]
  /** Most orders of each meeting, and of each death in it. */
  readonly limit: number
  readonly deaths?: true
}

const SMALL = OPERATIONS.filter(({ large }) => !large)
const LARGE = OPERATIONS.filter(({ large }) => large)
const RUN = inTurn(collector(), sweeper)

const SOME: readonly Kind[] = [
  { title: 'beside a run', operations: SMALL, others: [RUN], limit: ALL ? 200 : 12 },
]
const MORE: readonly Kind[] = [
  { title: 'beside a run, and one dies', operations: SMALL, others: [RUN], limit: 8, deaths: true },
  {
    title: 'beside two runs',
    operations: SMALL,
    others: [collector(), collector('second')],
    limit: 60,
  },
  {
    title: 'before another run, beside one in stages',
    operations: SMALL.map((each) => ({ ...each, actor: inTurn(each.actor, collector('second')) })),
    others: [stretched],
    limit: 60,
  },
  { title: 'of many bytes, beside a run', operations: LARGE, others: [RUN], limit: 6 },
]

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const { title, operations, others, limit, deaths = false } of ALL
    ? [...SOME, ...MORE]
    : SOME) {
    test(
      title,
      async () => {
        const meetings = operations.flatMap(({ actor, states }) =>
          states.map((state) => ({ state, actors: [actor, ...others] })),
        )
        const options = { service, limit, deaths }
        expect(await faultsIn(`${name}, ${title}`, meetings, options)).toEqual([])
      },
      HOUR,
    )
  }
})
