/**
 * What the model of the protocol leaves out, in the code.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../../pairs.ts'
import { faultsIn } from './explored.ts'
import { GAPS } from './gaps.ts'

/** Most orders of each meeting. */
const LIMIT = process.env.SLIPWAY_COLLECTOR === 'all' ? 300 : 15

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  test.each(GAPS.map((gap) => [gap.title, gap] as const))(
    '%s',
    async (title, { meetings, ...gap }) => {
      const options = { service, limit: LIMIT, ...gap }
      expect(await faultsIn(`${name}, ${title}`, meetings, options)).toEqual([])
    },
    3_600_000,
  )
})
