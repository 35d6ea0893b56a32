/**
 * Listings of any length, page by page.
 *
 * @module
 */

import type { ListedObject, ObjectStore } from './store.ts'

/**
 * All objects whose keys begin with `prefix`, in byte order; one listing for each 1000. Objects
 * that are deleted or written in the meantime may or may not be included.
 *
 * @param after only keys after this one
 */
export async function* listPages(
  store: ObjectStore,
  prefix: string,
  after?: string,
): AsyncGenerator<readonly ListedObject[]> {
  let startAfter = after
  for (let more = true; more; ) {
    const page = await store.list(prefix, startAfter === undefined ? {} : { startAfter })
    yield page.objects
    startAfter = page.objects.at(-1)?.key
    more = page.truncated
  }
}

/**
 * Deletes the objects whose keys begin with `prefix` and that were last written before a time. One listing for
 * each 1000, and a delete for each page that has some.
 *
 * @returns how many there were
 */
export const deleteOlder = async (
  store: ObjectStore,
  prefix: string,
  before: Date,
): Promise<number> => {
  let count = 0
  for await (const page of listPages(store, prefix)) {
    const stale = page.filter(({ modified }) => modified < before)
    await store.delete(stale.map(({ key }) => key))
    count += stale.length
  }
  return count
}
