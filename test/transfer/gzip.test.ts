/**
 * Compressed layers: what any reader understands, and the same bytes each time.
 *
 * @module
 */

import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { gzipTo } from '../../functions/transfer/blobs/gzip.ts'
import { blob } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { inChunks } from '../support/rig/push.ts'

const MEBIBYTE = 1024 * 1024
const lines = Buffer.from('the same line again and again\n'.repeat(100_000))

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a byte', Buffer.from('x')],
  ['just a block', blob('block', MEBIBYTE).bytes],
  ['a byte more', blob('more', MEBIBYTE + 1).bytes],
  ['what cannot be compressed', blob('random', 3_500_000).bytes],
  ['text', lines],
])('%s', async (_, bytes) => {
  const { path, remove } = await temporaryDirectory()
  const made = []
  for (const size of [10_000, 700_001]) {
    const file = join(path, `${size}.gz`)
    const compressed = await gzipTo(file, inChunks(bytes, size))
    const read = await readFile(file)
    expect(gunzipSync(read).equals(bytes)).toBe(true)
    expect(compressed).toEqual({
      digest: `sha256:${hash('sha256', read)}`,
      size: read.length,
      diffId: `sha256:${hash('sha256', bytes)}`,
    })
    made.push(compressed.digest)
  }
  expect(made[0]).toBe(made[1])
  await remove()
})

test('blocks share what they repeat', async () => {
  const { path, remove } = await temporaryDirectory()
  const { size } = await gzipTo(join(path, 'a'), inChunks(lines))
  expect(size).toBeLessThan(lines.length / 100)
  await remove()
})
