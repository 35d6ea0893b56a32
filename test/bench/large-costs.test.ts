/**
 * What pushes of large layers cost, and that the documents say so.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ERRANDS } from '../../bench/costs.ts'
import { edgeCostOf } from '../../bench/edge-costs.ts'
import { LARGE_LAYERS, LARGE_MEGABYTES, WAYS } from '../../bench/large-costs.ts'
import { waysTable } from '../../bench/page/costs.ts'
import { PRICES } from '../../bench/prices.ts'

const documents = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
const way = (title: RegExp) => WAYS.find((each) => title.test(each.title))!
const gigabytes = (LARGE_LAYERS * LARGE_MEGABYTES) / 1000

test('the documents have each way in as it is computed', () => {
  const rows = waysTable().split('\n').slice(2)
  expect(rows).toHaveLength(WAYS.length)
  for (const row of rows) expect(documents).toContain(row)
})

test('slipway push asks four times for each layer and three times for the config, by hand', () => {
  const { gateway, s3, edge, web } = way(/^`slipway push`/)
  // Five layers, the config, the manifest.
  expect(gateway / PRICES.gatewayRequest.each).toBeCloseTo(5 * 4 + 3 + 1, 6)
  // Writes: five of a layer, two of the config, four of the manifest; the rest are reads.
  expect(s3).toBeCloseTo((5 * 5 + 2 + 4) * 0.005e-3 + (5 * 2 + 2 + 13) * 0.0004e-3, 9)
  expect([edge, web]).toEqual([0, undefined])
})

test('the edge passes every byte on, and every request', () => {
  const { edge, s3 } = way(/^the edge, by PUT$/)
  const requests = 2 * (LARGE_LAYERS + 1) + 1 + LARGE_LAYERS + 1
  const passed = edgeCostOf({ title: '', requests: { all: requests }, downloads: 0 }, false)
  expect(edge).toBeCloseTo(gigabytes * 0.02 + passed, 9)
  expect(s3).toBe(way(/^PUSHHOST alone, by PUT/).s3)
})

test('pulls by the edge, in the documents', () => {
  const pull = ERRANDS.find(({ title }) => /^pull of \d/.test(title))!
  const more = [false, true].map((blobs) => (edgeCostOf(pull, blobs) * 1000).toFixed(3))
  expect(more).toEqual(['0.013', '0.019'])
  const price = (each: number) => `$${(each * 1000 * gigabytes).toFixed(2)} |`
  const [api, edge, cloudfront] =
    documents.match(/^\| (?:the API or PUSHHOST|the edge, .*) \| \$0.*nothing.*$/gm) ?? []
  expect(api).toMatch(/\$0\.019 /)
  expect(api).toContain(price(PRICES.transferOut.each))
  expect(edge).toMatch(/\$0\.032 .*\$22\.50/)
  expect(cloudfront).toMatch(/\$0\.038 /)
  expect(cloudfront).toContain(price(PRICES.edgeOut.each))
})
