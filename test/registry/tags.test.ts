/**
 * Tags: their order and paging against a sorted list.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import { createCatalog } from '../../functions/registry/catalog.ts'
import { RegistryError } from '../../functions/registry/errors.ts'
import { isTag } from '../../functions/registry/reference.ts'
import { createTags } from '../../functions/registry/tags.ts'
import { contentOf } from '../support/hosts/content.ts'
import { STORES } from '../support/rig/stores.ts'

const { sha256 } = contentOf('a manifest')
const other = contentOf('another').sha256

/** Characters around `/` in the order of bytes, where a store's order is not that of tags. */
const tag = fc
  .string({ unit: fc.constantFrom(...'a-._0'), minLength: 1, maxLength: 5 })
  .filter(isTag)
const tagSet = fc.uniqueArray(tag, { minLength: 1, maxLength: 12 })

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)
    const tags = createTags(store, createCatalog(store))
    let repositories = 0

    const repositoryOf = async (set: readonly string[]): Promise<string> => {
      const repository = `r${repositories++}`
      await Promise.all(set.map((each) => tags.set(repository, each, sha256)))
      return repository
    }

    test('every page is a slice of the sorted tags', () =>
      fc.assert(
        fc.asyncProperty(
          tagSet,
          fc.integer({ min: 1, max: 5 }),
          fc.option(tag, { nil: undefined }),
          async (set, limit, last) => {
            const repository = await repositoryOf(set)
            const sorted = set.toSorted().filter((each) => last === undefined || each > last)
            const page = await tags.list(repository, limit, last)
            assert.deepEqual(page.names, sorted.slice(0, limit))
            // A page may say that there is more when there is not, but never the reverse.
            if (sorted.length > limit) assert.equal(page.more, true)
          },
        ),
        { numRuns: 60 },
      ))

    test('all pages together are all tags, each once', () =>
      fc.assert(
        fc.asyncProperty(tagSet, fc.integer({ min: 1, max: 4 }), async (set, limit) => {
          const repository = await repositoryOf(set)
          const found: string[] = []
          for (let more = true; more; ) {
            const page = await tags.list(repository, limit, found.at(-1))
            assert.ok(page.names.length <= limit)
            assert.ok(page.names.length > 0 || !page.more, 'a page that leads nowhere')
            found.push(...page.names)
            more = page.more
          }
          assert.deepEqual(found, set.toSorted())
        }),
        { numRuns: 30 },
      ))

    test('removing those that point at a manifest leaves others', () =>
      fc.assert(
        fc.asyncProperty(tagSet, tagSet, async (gone, kept) => {
          const repository = await repositoryOf(gone)
          for (const each of kept) await tags.set(repository, each, other)
          const noted: string[] = []
          await tags.removePointingAt(repository, sha256, async (names) => {
            // Nothing has gone before it is noted.
            for (const each of names) {
              assert.equal((await tags.get(repository, each))?.target, sha256)
            }
            noted.push(...names)
          })
          assert.deepEqual(noted.toSorted(), gone.filter((each) => !kept.includes(each)).toSorted())
          assert.deepEqual((await tags.list(repository, 100)).names, kept.toSorted())
          for (const each of kept) assert.equal((await tags.get(repository, each))?.target, other)
        }),
        { numRuns: 10 },
      ))

    test('of a repository that does not exist', () =>
      assert.rejects(
        tags.list('none', 10),
        (error) => error instanceof RegistryError && error.code === 'NAME_UNKNOWN',
      ))

    test('of 20 writers that each require the tag to be absent, one wins', async () => {
      const writers = Array.from({ length: 20 }, () =>
        tags.set('race', 'v1', sha256, { absent: true }),
      )
      const ends = await Promise.allSettled(writers)
      assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
    })
  })
}
