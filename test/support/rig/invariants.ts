/**
 * What must hold of a store at every moment: nothing readable that was not verified.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { unreported } from '../../../functions/registry/damage.ts'
import { dataKey } from '../../../functions/registry/layout.ts'
import { readStoredLink } from '../../../functions/registry/links.ts'
import { isDigest } from '../../../functions/registry/reference.ts'
import { inBatches } from '../../../functions/shared/parallel.ts'
import type { ListedObject, ObjectStore } from '../../../functions/storage/store.ts'

/** All objects whose key begins with a prefix. */
export const allObjects = async (store: ObjectStore, prefix = ''): Promise<ListedObject[]> => {
  const found: ListedObject[] = []
  for (let more = true; more; ) {
    const last = found.at(-1)
    const page = await store.list(prefix, last === undefined ? {} : { startAfter: last.key })
    found.push(...page.objects)
    more = page.truncated
  }
  return found
}

const DATA = /^docker\/registry\/v2\/blobs\/(sha256)\/[0-9a-f]{2}\/([0-9a-f]{64})\/data$/
const LINK = /^docker\/registry\/v2\/repositories\/(.+)\/link$/
/** Links that name what they are links to, and how. */
const NAMED = /\/(_layers|_manifests\/revisions|index)\/(sha256|sha512)\/([0-9a-f]+)$/
const TAG = /^(.+\/_manifests)\/tags\/([^/]+)\/(?:current|index\/.+)$/

const hashesOf = async (
  store: ObjectStore,
  key: string,
  algorithms: readonly string[],
): Promise<Readonly<Record<string, string>>> => {
  const read = await store.get(key)
  assert.ok(read, `${key} is listed, but not there`)
  const hashes = algorithms.map((name) => [name, createHash(name)] as const)
  for await (const chunk of read.body) for (const [, hash] of hashes) hash.update(chunk)
  return Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')]))
}

/** What a walk through a store found. */
export interface Inventory {
  /** Digests of the data there is, linked or not. */
  readonly data: ReadonlySet<string>
  /** Links of repositories, as `<repository>/_layers/sha256/<hex>` and the like. */
  readonly links: readonly string[]
}

/**
 * Walks the store and checks: data is what its digest says, every link leads to data, under the
 * digest it names, and every tag to a revision of its repository.
 */
export const checkStore = async (store: ObjectStore): Promise<Inventory> => {
  const objects = await allObjects(store, 'docker/')
  const links = objects.flatMap(({ key }) => LINK.exec(key)?.[1] ?? [])
  const named = links.some((path) => path.includes('/sha512/'))
  const algorithms = named ? ['sha256', 'sha512'] : ['sha256']
  const hashes = new Map<string, Readonly<Record<string, string>>>()
  await inBatches(
    objects.filter(({ key }) => DATA.test(key)),
    async ({ key }) => {
      const [, algorithm = '', hex] = DATA.exec(key) ?? []
      const actual = await hashesOf(store, key, algorithms)
      assert.equal(actual[algorithm], hex, `the data at ${key}`)
      hashes.set(`${algorithm}:${hex}`, actual)
    },
    4,
  )
  const known = new Set(links)
  await inBatches(links, async (path) => {
    const key = `docker/registry/v2/repositories/${path}/link`
    const stored = await readStoredLink(store, key, unreported)
    if (stored?.deleted) return
    const link = stored?.link
    assert.ok(link, key)
    const [, manifests, tag] = TAG.exec(path) ?? []
    if (tag !== undefined) {
      const revision = `${manifests}/revisions/${link.target.replace(':', '/')}`
      assert.ok(known.has(revision), `the tag ${path} leads to no revision`)
    }
    const [, , algorithm = '', hex] = NAMED.exec(path) ?? []
    if (path.endsWith('/current')) return
    assert.ok(isDigest(`${algorithm}:${hex}`), `the link ${path}`)
    // An index entry of a tag holds the digest that the client named.
    if (tag !== undefined) return assert.equal(link.target, `${algorithm}:${hex}`)
    const actual = hashes.get(link.target)
    assert.ok(actual, `${path} leads to no data`)
    assert.equal(actual[algorithm], hex, `${path} leads to other data`)
    if (link.size !== undefined) {
      assert.equal((await store.head(dataKey(link.target)))?.size, link.size, `size in ${path}`)
    }
  })
  const other = objects.filter(({ key }) => !DATA.test(key) && !LINK.test(key))
  assert.deepEqual(other, [], 'objects that are neither data nor links')
  return { data: new Set(hashes.keys()), links }
}

/** Checks the store, and that no repository has anything: nothing at all can be read. */
export const checkNothingReadable = async (store: ObjectStore): Promise<void> => {
  const { links } = await checkStore(store)
  assert.deepEqual(links, [])
}
