/**
 * Tags: their order and paging against a sorted list.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import { createCatalog } from '../../functions/registry/catalog.ts'
import { RegistryError } from '../../functions/registry/errors.ts'
import { revisionLinkKey, tagLinkKey, tagPrefix } from '../../functions/registry/layout.ts'
import { writeLink } from '../../functions/registry/links.ts'
import { hexOf, isTag } from '../../functions/registry/reference.ts'
import { createTags } from '../../functions/registry/tags.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type {
  ListedObject,
  ListPage,
  ObjectRead,
  ObjectStore,
} from '../../functions/storage/store.ts'
import { contentOf } from '../support/hosts/content.ts'
import { intercept } from '../support/rig/intercept.ts'
import { STORES } from '../support/rig/stores.ts'

const { sha256 } = contentOf('a manifest')
const other = contentOf('another').sha256

/** Characters around `/` in the order of bytes, where a store's order is not that of tags. */
const tag = fc
  .string({ unit: fc.constantFrom(...'a-._0'), minLength: 1, maxLength: 5 })
  .filter(isTag)
const tagSet = fc.uniqueArray(tag, { minLength: 1, maxLength: 12 })

/** A store that gives objects other versions than it has. */
const versioned =
  (change: (etag: string, key: string) => string | undefined) => (store: ObjectStore) =>
    intercept(store, async ({ operation, args }, proceed) => {
      const changed = (each: { readonly etag: string }, key: string) => ({
        ...each,
        etag: change(each.etag, key),
      })
      if (operation === 'get') {
        const [key] = args as [string]
        const read = (await proceed()) as ObjectRead | undefined
        return read && { ...read, info: changed(read.info, key) }
      }
      if (operation === 'list') {
        const page = (await proceed()) as ListPage
        return {
          ...page,
          objects: page.objects.map((each) =>
            changed(each as ListedObject & { readonly etag: string }, each.key),
          ),
        }
      }
      if (operation !== 'deleteIf') return proceed()
      const [key, etag] = args as [string, string]
      const now = await store.head(key)
      if (now === undefined || change(now.etag, key) !== etag)
        throw new StoreError('precondition', key)
      return store.deleteIf(key, now.etag)
    })

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** What a service may give as versions. */
const VERSIONS: Readonly<Record<string, (store: ObjectStore) => ObjectStore>> = {
  'as the service has them': (store) => store,
  'as with a KMS key': versioned((etag, key) => md5(etag + key)),
  'as with a KMS key, for some': versioned((etag, key) =>
    /latest|other1/.test(key) ? md5(etag + key) : etag,
  ),
}

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

    for (const [kind, versions] of Object.entries(VERSIONS)) {
      test(`removing those that point at a manifest, where versions are ${kind}`, async () => {
        const repository = `v${repositories++}`
        const others = Array.from({ length: 30 }, (_, at) => contentOf(`other ${at}`).sha256)
        for (const [at, each] of others.entries()) {
          await writeLink(store, revisionLinkKey(repository, each), each)
          await tags.set(repository, `other${at}`, each)
        }
        for (const each of ['a', 'latest', 'z']) await tags.set(repository, each, sha256)
        const past = `${tagPrefix(repository, 'latest')}index/sha256/${hexOf(other)}/link`
        await writeLink(store, past, other)
        await store.put(tagLinkKey(repository, 'damaged'), Buffer.from(`${sha256}!`))
        const changed = createTags(versions(store), createCatalog(store))
        assert.equal(await changed.pointsAt(repository, sha256, new Date(0)), true)
        assert.equal(await changed.pointsAt(repository, sha256, new Date(8e15)), false)
        await changed.removePointingAt(repository, sha256, async () => {})
        assert.equal(await changed.pointsAt(repository, sha256, new Date(0)), false)
        const { names } = await tags.list(repository, 100)
        assert.deepEqual(names, ['damaged', ...others.map((_, at) => `other${at}`)].sort())
      })
    }

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
