/**
 * Pages of the list of tags, for any tags, on stores that list in the order of keys, not tags.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { tagLinkKey } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG } from '../support/hosts/content.ts'
import type { Host } from '../support/hosts/host.ts'
import { pagesOf } from '../support/hosts/pages.ts'
import { appOver, ask, startBucket, temporaryDirectory } from '../support/hosts/start.ts'

const STORES: readonly {
  readonly name: string
  readonly open: () => Promise<{ readonly store: ObjectStore; readonly close: () => Promise<void> }>
}[] = [
  {
    name: 'file store',
    open: async () => {
      const { path, remove } = await temporaryDirectory()
      return { store: openFileStore(path), close: remove }
    },
  },
  {
    name: 'S3',
    open: async () => {
      const { server, env } = await startBucket()
      return { store: await openStore(readSettings([], env), env), close: server.close }
    },
  },
]

/** Few characters, so that tags are often the beginnings of others. */
const tag = fc.stringMatching(/^[a1A_][a1A_.-]{0,4}$/)
const tagSet = fc.uniqueArray(tag, { minLength: 1, maxLength: 12 })

const byAscii = (names: readonly string[]): string[] =>
  names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

for (const { name, open } of STORES) {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>
    let host: Pick<Host, 'send'>
    let repositories = 0
    beforeAll(async () => {
      opened = await open()
      const app = await appOver(opened.store)
      host = { send: (sent) => ask(app, sent) }
    })
    afterAll(() => opened.close())

    /** A new repository with these tags. */
    const repository = async (tags: readonly string[]): Promise<string> => {
      const repository = `random/${repositories++}`
      const link = Buffer.from(CONFIG.sha256)
      await Promise.all(tags.map((each) => opened.store.put(tagLinkKey(repository, each), link)))
      return repository
    }
    const list = async (repository: string, query: object): Promise<string[][]> => {
      const search = new URLSearchParams({ ...query })
      const path = `/v2/${repository}/tags/list?${search}`
      return (await pagesOf<{ tags: string[] }>(host, path)).map(({ tags }) => tags)
    }

    test('following Link yields exactly the sorted tags', async () => {
      const property = fc.asyncProperty(tagSet, fc.integer({ min: 1, max: 5 }), async (tags, n) => {
        const pages = await list(await repository(tags), { n })
        assert.deepEqual(pages.flat(), byAscii(tags))
        assert.ok(pages.slice(0, -1).every((page) => page.length > 0))
        assert.ok(pages.every((page) => page.length <= n))
      })
      await fc.assert(property, { numRuns: 60 })
    })

    test('the list after any tag has the tags that sort after it', async () => {
      const property = fc.asyncProperty(tagSet, tag, async (tags, last) => {
        const pages = await list(await repository(tags), { last })
        assert.deepEqual(pages, [byAscii(tags).filter((each) => each > last)])
      })
      await fc.assert(property, { numRuns: 40 })
    })
  })
}
