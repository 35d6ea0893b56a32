/**
 * Lists of what is here and what an upstream has: however long the upstream's is, a page of it takes no time that others
 * wait for.
 *
 * @module
 */

import { expect, test } from 'vitest'
import type { AppContext } from '../../functions/api/env.ts'
import { withReferrersOf, withTagsOf } from '../../functions/api/upstream-lists.ts'
import type { PulledThrough } from '../../functions/api/upstream-port.ts'
import type { Referrer } from '../../functions/registry/referrer-entry.ts'
import { sha256 } from './upstream.ts'

const c = { header: () => {} } as unknown as AppContext

/** So many tags of an upstream, and how many were looked at. */
const open = (count: number) => {
  const tags = Array.from({ length: count }, (_, at) => `v${String(at).padStart(6, '0')}`)
  let looks = 0
  const entries = new Proxy(tags, {
    get(target, key, receiver) {
      if (/^\d+$/.test(String(key))) looks += 1
      return Reflect.get(target, key, receiver)
    },
  })
  const from = { host: 'up.example', tags: async () => ({ entries }) } as unknown as PulledThrough
  return { from, tags, looks: () => looks }
}

test.each<[last: string | undefined, names: readonly string[], more: boolean]>([
  [undefined, ['a', 'v000000', 'v000001'], true],
  ['v', ['v000000', 'v000001', 'v000002'], true],
  ['v000001', ['v000002', 'v000003', 'v000004'], true],
  ['v099996', ['v099997', 'v099998', 'v099999'], true],
  ['v099998', ['v099999', 'w'], false],
])('a page of tags after %s looks at few', async (last, names, more) => {
  const { from, looks } = open(100_000)
  const own = ['a', 'v000001', 'w'].filter((tag) => last === undefined || tag > last)
  const page = Promise.resolve({ names: own, more: false })
  expect(await withTagsOf(c, from, page, { limit: 3, last })).toEqual({ names, more })
  expect(looks()).toBeLessThan(100)
})

test('a page of referrers looks at what is here a few times, however many the upstream has', async () => {
  let looks = 0
  const of = (at: number, look = () => {}): Referrer => ({
    mediaType: 'a/b',
    size: 1,
    get digest() {
      look()
      return sha256(String(at))
    },
  })
  const digests = (referrers: readonly Referrer[]) =>
    referrers.map(({ digest }) => digest).toSorted()
  const all = Array.from({ length: 2000 }, (_, at) => of(at))
  const here = all.slice(0, 500).map((_, at) => of(at, () => (looks += 1)))
  const from = {
    host: 'up.example',
    referrers: async () => ({ entries: all }),
  } as unknown as PulledThrough
  const own = Promise.resolve({ referrers: here, next: undefined })
  const page = await withReferrersOf(c, from, own, { subject: sha256('x') })
  expect(looks).toBeLessThan(50_000)
  expect(digests(page.referrers)).toEqual(digests(all))
})
