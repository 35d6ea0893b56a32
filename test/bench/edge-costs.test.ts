/**
 * What the edge adds to the dollars of pulls and pushes.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { ERRANDS } from '../../bench/costs.ts'
import { edgeCostOf } from '../../bench/edge-costs.ts'

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
