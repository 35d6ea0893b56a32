/**
 * Sizes of blobs that are not here: what an upstream does not have is not asked for again at once.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createStat } from '../../functions/upstreams/blobs/stat.ts'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import { routeTo, serveContent, sha256 } from './upstream.ts'

test('a blob that is not there is asked for once in half a minute, one that is each time', async () => {
  const [there, none] = [sha256('x'), sha256('none')]
  const { origin, lines } = await serveContent({ [`app/blobs/${there}`]: 'x' })
  let time = Date.now()
  const now = () => time
  const stat = createStat(createAsking({ readSecret: async () => '', now }), now)
  const route = routeTo(origin)
  const asked = () => lines().filter((line) => line.endsWith(none)).length
  for (let count = 0; count < 3; count++) {
    expect(await stat(route, there)).toBe(1)
    await expect(stat(route, none)).rejects.toMatchObject({ failure: 'unknown' })
  }
  expect(asked()).toBe(1)
  time += 31_000
  await expect(stat(route, none)).rejects.toMatchObject({ failure: 'unknown' })
  expect(asked()).toBe(2)
})
