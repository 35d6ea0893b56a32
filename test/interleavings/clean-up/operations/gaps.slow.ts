/**
 * What the model of the protocol leaves out, in the code.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../../pairs.ts'
import { faultsIn } from './explored.ts'
import { GAPS } from './gaps.ts'

const ALL = process.env.SLIPWAY_COLLECTOR === 'all'
const HOUR = 3_600_000

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  const service = SERVICES[name]!
  for (const { title, meetings, ...gap } of GAPS) {
    test(
      title,
      async () => {
        const options = { service, limit: ALL ? 300 : 15, ...gap }
        expect(await faultsIn(`${name}, ${title}`, meetings, options)).toEqual([])
      },
      HOUR,
    )
    test.runIf(ALL)(
      `${title}, and one dies`,
      async () => {
        const options = { service, limit: 8, deaths: true, ...gap }
        expect(await faultsIn(`${name}, ${title}, and one dies`, meetings, options)).toEqual([])
      },
      HOUR,
    )
  }
})
