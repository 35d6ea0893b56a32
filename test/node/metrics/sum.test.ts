/**
 * The metrics of several workers as those of one server.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createMetrics } from '../../../functions/node/metrics/metrics.ts'
import { createSum, type Values } from '../../../functions/node/metrics/sum.ts'

/** What a process sends of its metrics. */
const values = async (lookups: number, uploadMemory: number, isReady = true): Promise<Values> => {
  const metrics = createMetrics()
  for (let n = 0; n < lookups; n++) metrics.looked(true)
  const read = await metrics.values({ uploadMemory: () => uploadMemory, isReady: () => isReady })
  return JSON.parse(JSON.stringify(read))
}

const valueIn = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  )

const HITS = 'registry_storage_cache_total{type="Hit"}'

test('counts and bytes are summed, and of the rest the least or most counts', async () => {
  const sum = createSum()
  const text = await sum.text(await values(0, 0), [
    [1, await values(3, 10)],
    [2, await values(4, 5, false)],
  ])
  expect(valueIn(text, HITS)).toBe(7)
  expect(valueIn(text, 'slipway_upload_memory_bytes')).toBe(15)
  expect(valueIn(text, 'slipway_ready')).toBe(0)
  expect(valueIn(text, 'slipway_clean_up_last_run_timestamp_seconds')).toBe(0)
  const now = Date.now() / 1000
  expect(valueIn(text, 'process_start_time_seconds')).toBeLessThanOrEqual(now)
})

test('what a worker has counted goes on to count when it has ended, and its memory does not', async () => {
  const sum = createSum()
  const own = await values(0, 0)
  await sum.text(own, [
    [1, await values(3, 10)],
    [2, await values(4, 5)],
  ])
  sum.ended(1)
  for (let n = 0; n < 2; n++) {
    const text = await sum.text(own, [[2, await values(5, 5)]])
    expect(valueIn(text, HITS)).toBe(8)
    expect(valueIn(text, 'slipway_upload_memory_bytes')).toBe(5)
  }
  const text = await sum.text(own, [
    [1, await values(1, 1)],
    [2, await values(5, 5)],
  ])
  expect(valueIn(text, HITS)).toBe(9)
})

test('one that does not answer in time counts as the last time', async () => {
  const sum = createSum()
  const own = await values(0, 0)
  await sum.text(own, [[1, await values(3, 10)]])
  expect(valueIn(await sum.text(own, []), HITS)).toBe(3)
})
