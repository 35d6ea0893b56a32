/**
 * The list of repositories: one marker object each, so that a page is one plain listing.
 *
 * @module
 */

import { coalesce } from '../shared/coalesce.ts'
import type { ObjectStore } from '../storage/store.ts'
import { CATALOG_PREFIX, catalogKey, catalogName } from './layout.ts'
import type { NamePage } from './tag-pages.ts'

export interface Catalog {
  /** Whether the repository is listed. One operation. */
  has(name: string): Promise<boolean>
  /** Lists the repository; has no effect if it is listed. */
  add(name: string): Promise<void>
  /** Repositories after `last` in ASCII order, at most `limit` (1 to 1000). */
  list(limit: number, last?: string): Promise<NamePage>
}

/** The catalog of a store. */
export const createCatalog = (store: ObjectStore): Catalog => {
  const list = coalesce(async (limit: number, last?: string): Promise<NamePage> => {
    const page = await store.list(CATALOG_PREFIX, {
      limit,
      ...(last === undefined ? {} : { startAfter: catalogKey(last) }),
    })
    const names = page.objects.map((object) => catalogName(object.key))
    return { names, more: page.truncated }
  })
  return {
    list,
    has: async (name) => (await store.head(catalogKey(name))) !== undefined,
    async add(name) {
      await store.put(catalogKey(name), new Uint8Array())
    },
  }
}
