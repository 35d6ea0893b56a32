/**
 * What the benchmark of pull-through is made of: an upstream that counts, and a crowd that gets all or fails.
 *
 * @module
 */

import { expect, onTestFinished, test } from 'vitest'
import { createImageMaker } from '../../bench/content.ts'
import { crowd } from '../../bench/pull-through/crowd.ts'
import { startHeld } from '../../bench/pull-through/held.ts'

test('a crowd pulls an image from the upstream, which says what it was asked', async () => {
  const image = createImageMaker(200_000).make({ layers: 2, layerBytes: 100_000 })
  const { address, asked, close } = await startHeld({ image, rate: 1e9 })
  onTestFinished(close)
  expect(await crowd(address, 'bench/app', image, 2)).toBeGreaterThan(0)
  const once = [
    'GET /v2/bench/app/manifests/v1',
    ...image.blobs.map(({ digest }) => `GET /v2/bench/app/blobs/${digest}`),
  ]
  expect((await asked()).toSorted()).toEqual([...once, ...once].toSorted())
  expect(await asked()).toEqual([])
  const other = createImageMaker(100_000).make({ layers: 1, layerBytes: 100_000 })
  await expect(crowd(address, 'bench/app', other, 1)).rejects.toThrow(/blobs\/sha256:\w+: 404/)
})
