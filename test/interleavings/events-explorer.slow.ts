/**
 * What looks for requests without their events finds the faults that are put in. The requests themselves are in
 * events.slow.ts.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import type { Recorder } from '../../functions/registry/happened.ts'
import { checkDeaths } from './events.ts'
import { SERVICES } from './pairs.ts'
import { fill, operation } from './world.ts'

const service = SERVICES['as S3']!
const before = await fill(service)
const LIMIT = 500

test('records of what died are dropped', async () => {
  const operations = [operation('push another by digest')]
  const { dropped } = await checkDeaths({ service, before, operations }, LIMIT)
  expect(dropped).toBeGreaterThan(0)
})

describe('faults that are put in are found', () => {
  const spoilers: Readonly<Record<string, (recorder: Recorder) => Recorder>> = {
    'it does not wait for the record': ({ begin }) => ({
      begin: (...of) => {
        const recording = begin(...of)
        return {
          ...recording,
          async write(happening) {
            void recording.write(happening)
          },
        }
      },
    }),
  }
  for (const [what, title, shows] of [
    ['it does not wait for the record', 'push a tag', /tags\/again\/current\/link is now/],
    ['it does not wait for the record', 'mount a blob', /_layers\/.*is now/],
    ['it does not wait for the record', 'delete a tag', /is gone/],
  ] as const) {
    test(`${what}: ${title}`, async () => {
      const scenario = { service, before, operations: [operation(title)], spoil: spoilers[what]! }
      const { faults } = await checkDeaths(scenario, LIMIT)
      expect(faults.join('\n')).toMatch(shows)
    })
  }
})
