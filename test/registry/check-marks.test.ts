/**
 * How a check takes marks of the catalog away.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { checkStore } from '../../functions/registry/check/check.ts'
import { catalogKey, revisionLinkKey } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createModel } from '../interleavings/model.ts'
import { CONFIG } from '../support/hosts/content.ts'

const DAY = 24 * 60 * 60_000
const KEY = catalogKey('app')

/** Repairs a store in which the catalog lists a repository that has nothing. */
const repaired = async (beside: (store: ObjectStore) => Promise<unknown> = async () => {}) => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  await store.put(KEY, new Uint8Array())
  clock.now += DAY
  const sent: unknown[] = []
  const deleting: ObjectStore = {
    ...store,
    async deleteIf(key, etag, options) {
      sent.push([key, options])
      return store.deleteIf(key, etag, options)
    },
  }
  const mended: unknown[] = []
  await checkStore(deleting, {
    repair: true,
    verify: false,
    now: () => clock.now,
    wait: async () => void (await beside(store)),
    report: ({ kind }, how) => void mended.push([kind, how]),
    progress: () => false,
  })
  return { sent, mended, mark: await store.head(KEY) }
}

test('one that leads to nothing is deleted by one request: a push writes the same bytes anew', async () => {
  expect(await repaired()).toEqual({
    sent: [[KEY, { once: true }]],
    mended: [['stale-catalog-mark', 'removed the mark']],
    mark: undefined,
  })
})

test('it is written again where a push has seen it before', async () => {
  const link = revisionLinkKey('app', CONFIG.sha256)
  const { mended, mark } = await repaired((store) => store.put(link, Buffer.from(CONFIG.sha256)))
  expect(mended).toEqual([])
  expect(mark).toBeDefined()
})
