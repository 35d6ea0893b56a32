/**
 * What is said of repeated measurements.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { pairedRatio, quantile, summarize } from '../../bench/statistics.ts'

describe('quantile', () => {
  const table: readonly (readonly [values: number[], share: number, expected: number])[] = [
    [[7], 0.5, 7],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[1, 2, 3, 4, 5], 0.1, 1.4],
    [[5, 4, 3, 2, 1], 0.9, 4.6],
    [[1, 2, 3], 0, 1],
    [[1, 2, 3], 1, 3],
  ]
  for (const [values, share, expected] of table) {
    test(`${share} of ${values} is ${expected}`, () => {
      assert.ok(Math.abs(quantile(values, share) - expected) < 1e-9)
    })
  }

  test('of nothing there is none', () => {
    assert.throws(() => quantile([], 0.5), RangeError)
  })

  test('lies between the least and the most, and never falls', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 })
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(values, share, share, (all, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((each) => quantile(all, each))
        assert.ok(low! <= high! + 1e-6)
        assert.ok(low! >= Math.min(...all) - 1e-6 && high! <= Math.max(...all) + 1e-6)
      }),
    )
  })
})

test('a summary has four significant digits', () => {
  assert.deepEqual(summarize([1.234567, 2.345678, 3.456789]), {
    median: 2.346,
    p10: 1.457,
    p90: 3.235,
    n: 3,
  })
})

describe('the ratio of pairs', () => {
  test('is not led astray by a round in which everything was slow', () => {
    assert.equal(pairedRatio([1, 10, 1], [2, 20, 2]), 0.5)
  })

  test('needs pairs', () => {
    assert.throws(() => pairedRatio([1, 2], [1]), RangeError)
    assert.throws(() => pairedRatio([], []), RangeError)
  })
})
