/**
 * The list of repositories: one mark each, so that a page is one plain listing.
 *
 * A mark is empty. One that the clean-up has condemned, since it saw no manifest, says so: whoever is about to
 * write the first manifest writes the mark anew before. It lists its repository all the same, until it goes.
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
  /** Whether it is, and stays so: its mark is not condemned. One operation. */
  keeps(name: string): Promise<boolean>
  /** Lists the repository; has no effect if it is listed, and stays so. */
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
    keeps: async (name) => (await store.head(catalogKey(name)))?.size === 0,
    async add(name) {
      await store.put(catalogKey(name), new Uint8Array())
    },
  }
}
