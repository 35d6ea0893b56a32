/**
 * What a stranger can make a Web Function cost, and that the documents say so.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { strangersPage } from '../../bench/page/costs.ts'
import { strangersHour } from '../../bench/stranger.ts'

test('an hour, by hand', () => {
  const { logs, signatures, logIns, drainHours, ...units } = strangersHour({
    rate: 100,
    environments: 10,
  })
  expect(units).toEqual({
    requests: 360_000,
    gigabytesIn: 4_500,
    vcpuHours: 20,
    gigabyteHours: 20,
  })
  expect(drainHours).toBeCloseTo(0.875)
  // 252 MB of lines, and 36 times 10,000 signatures.
  expect(logs).toBeCloseTo(0.126)
  expect(signatures).toBeCloseTo(5.4)
  // 360 times 1,000 reads and writes.
  expect(logIns).toBeCloseTo(1.944)
})

test('is bounded by what is set for the endpoint', () => {
  const less = strangersHour({ rate: 50, environments: 2 })
  expect(less).toMatchObject({ requests: 180_000, vcpuHours: 4, gigabyteHours: 4 })
})

test('is in the documents, as it is computed', () => {
  const documents = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
  const row = strangersPage()
    .split('\n')
    .find((line) => line.startsWith('| at the Web Function'))
  expect(row).toBeDefined()
  expect(documents).toContain(row)
})
