/** What `slipway push` shows of each blob, and of all. */

import { expect, test } from 'vitest'
import { blobLine, manifestLine, progressLines } from '../../functions/cli/push-lines.ts'

const digest = `sha256:${'0123456789ab'.padEnd(64, '0')}`

test('a line for each blob on its way, and one for all', () => {
  const underWay = [
    { digest, sent: 5_000_000, size: 20_000_000 },
    { digest, sent: 10_000_000, size: 10_000_000 },
    { digest, sent: 0, size: 0 },
  ]
  const extent = { sent: 16_000_000, size: 32_000_000, blobs: 5, ready: 2, underWay }
  expect(progressLines(extent, 4)).toEqual([
    'sha256:0123456789ab [#####...............] 5.0 of 20.0 MB',
    'sha256:0123456789ab [####################] is being checked',
    'sha256:0123456789ab [####################] is being checked',
    'all                 [##########..........] 16.0 of 32.0 MB, 2 of 5 blobs, 4.0 MB/s, 4.0 s left',
  ])
  expect(progressLines({ ...extent, underWay: [] }, 0)).toHaveLength(1)
})

test('what was done', () => {
  expect(blobLine({ digest, size: 1_500_000, way: 'parts' })).toBe(
    `${digest} was sent to the store (1.5 MB)`,
  )
  expect(manifestLine({ digest, reference: 'v1' })).toBe(`v1 is ${digest}`)
})
