/**
 * The table of goals: which registry is the best other one, and what flushes have to do with it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { goalRows, goalTable } from '../../bench/goals.ts'
import type { PeerName } from '../../bench/peers/peer.ts'
import type { Measured, Results } from '../../bench/results.ts'

const summary = (median: number) => ({ median, p10: median, p90: median, n: 3 })

const results = (more: Partial<Results>): Results => ({
  date: '2026-01-02T03:04:05.678Z',
  command: '',
  machine: {},
  participants: (['slipway', 'distribution', 'zot'] as const).map((peer) => ({
    peer,
    title: peer,
    version: '',
    settings: '',
  })),
  measured: [],
  failures: [],
  counted: [],
  grown: [],
  invoked: [],
  ...more,
})

const rival = (peer: PeerName, id: string, ratios: Measured['ratios']): Measured => ({
  id,
  peer,
  values: {},
  ratios,
})

const PUSH = 'files/push-docker/1x200mb'

/** Slipway's seconds over those of distribution and zot, and flushes of all three. */
const pushed = (ratios: readonly [number, number], flushes?: readonly [number, number, number]) =>
  results({
    measured: [
      rival('distribution', PUSH, { seconds: ratios[0] }),
      rival('zot', PUSH, { seconds: ratios[1] }),
      rival('distribution-2', PUSH, { seconds: 9 }),
    ],
    flushed: (['slipway', 'distribution', 'zot'] as const).flatMap((peer, at) =>
      flushes === undefined ? [] : [{ id: PUSH, peer, flushes: flushes[at]! }],
    ),
  })

describe('pushes on files', () => {
  const table: readonly (readonly [what: string, Results, reached: string, verdict: string])[] = [
    ['the faster rival counts', pushed([0.5, 0.8]), '×1.25 zot', 'met'],
    ['the older distribution does not', pushed([0.4, 0.5]), '×2.00 zot', 'met'],
    ['slower than one of them', pushed([0.5, 2]), '×0.500 zot', 'behind'],
    ['as fast as one that flushes less', pushed([0.5, 0.9], [20, 30, 10]), '×1.11 zot', 'met'],
    [
      'not much faster than one that flushes as much',
      pushed([0.5, 0.9], [20, 30, 20]),
      '×1.11 zot',
      'behind',
    ],
    ['faster than one that flushes as much', pushed([0.5, 0.8], [20, 30, 20]), '×1.25 zot', 'met'],
    ['faster by flushing less', pushed([0.5, 0.8], [10, 30, 20]), '×1.25 zot', 'flushes less'],
  ]
  for (const [what, given, reached, verdict] of table) {
    test(what, () => {
      const [row] = goalRows(given)
      assert.equal(row?.row, 'files: push, docker-style, 1 × 200 MB')
      assert.deepEqual([row.reached, row.verdict], [reached, verdict])
    })
  }
})

test('more requests are better, and figures are to be small', () => {
  const rows = goalRows(
    results({
      measured: [rival('distribution', 'files/manifest-by-tag', { requestsPerSecond: 1.3 })],
      startBytes: 650_000,
      referrerCalls: { ListObjectsV2: 1, GetObject: 500 },
      invoked: [
        {
          request: 'GET manifest by tag',
          start: 'cold',
          milliseconds: summary(120),
          calls: {},
          steps: 0,
          peakBytes: 0,
        },
      ],
    }),
  )
  assert.deepEqual(
    rows.map(({ reached, goal, verdict }) => [reached, goal, verdict]),
    [
      ['×1.30 distribution', '≥ ×1.2', 'met'],
      ['120 ms', '≤ 100 ms', 'behind'],
      ['650 kB', '≤ 700 kB', 'met'],
      ['501 calls', '≤ 2 calls', 'behind'],
    ],
  )
})

test('the columns of the table are aligned', () => {
  const lines = goalTable(pushed([0.5, 0.8], [20, 30, 20])).split('\n')
  assert.equal(lines.length, 2)
  assert.equal(lines[0]?.indexOf('goal'), lines[1]?.indexOf('≥'))
})
