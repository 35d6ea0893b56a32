/**
 * The mark of a repository that was not here before it was fetched: all of it can be fetched anew, so that it may go
 * where there is too much. One that was here before may have what no upstream has, and never has it.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { fetchedMarkKey } from '../../registry/layout.ts'
import type { Registry } from '../../registry/registry.ts'
import type { ObjectStore } from '../../storage/store.ts'

/** Repositories that are known to be here, and for how many milliseconds: they may go. */
const KNOWN = { max: 10_000, ttl: 60 * 60_000 }

/**
 * Makes what is called before the first manifest of a repository is fetched. One operation for a repository that is
 * here, once; two for one that is not.
 */
export const marking = (
  { catalog }: Pick<Registry, 'catalog'>,
  store: ObjectStore,
): ((name: string) => Promise<void>) => {
  const known = new LRUCache<string, true>(KNOWN)
  return async (name) => {
    if (known.has(name)) return
    if (!(await catalog.has(name))) await store.put(fetchedMarkKey(name), Buffer.of())
    known.set(name, true)
  }
}
