/**
 * What the edge adds to the dollars of pulls and pushes.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { ERRANDS } from '../../bench/costs.ts'
import { edgeCostOf, floodCost, keptPullCost } from '../../bench/edge-costs.ts'

const errand = (title: RegExp) => ERRANDS.find((each) => title.test(each.title))!

test.each([
  // Eight requests at 1 + 0.6 dollars a million, and a millisecond of 128 MB each.
  [/^pull of \d/, false, 0.01285],
  // And six downloads at 1 + 0.1.
  [/^pull of \d/, true, 0.01945],
  [/^pull of what/, true, 0.001606],
  [/^push of \d+ new/, true, 0.030519],
])('a thousand of %s, blobs at the edge %s: %s dollars', (title, blobs, dollars) => {
  expect(edgeCostOf(errand(title), blobs) * 1000).toBeCloseTo(dollars, 5)
})

test('a public image that is kept: requests, lookups and functions of CloudFront alone', () => {
  // Eight requests at 1 + 0.1 + 3 × 0.03 dollars a million, six downloads at 1 + 0.1.
  expect(keptPullCost(errand(/^pull of \d/)) * 1000).toBeCloseTo(0.01612, 5)
})

test('strangers who pull it at 10 Gbit/s for an hour: 4,500 GB at $0.085, and 18,000 pulls', () => {
  const { gb, dollars } = floodCost(errand(/^pull of \d/), 250e6)
  expect(gb).toBe(4500)
  expect(dollars).toBeCloseTo(4500 * 0.085 + 18_000 * 0.000_016_12, 3)
})
