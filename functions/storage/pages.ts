/**
 * Listings of any length, a page at a time.
 *
 * @module
 */

import type { ListedObject, ObjectStore } from './store.ts'

/**
 * All objects whose keys begin with `prefix`, in byte order; one listing for each 1000. What is
 * deleted or written meanwhile may or may not be among them.
 */
export async function* listPages(
  store: ObjectStore,
  prefix: string,
): AsyncGenerator<readonly ListedObject[]> {
  let startAfter: string | undefined
  for (let more = true; more; ) {
    const page = await store.list(prefix, startAfter === undefined ? {} : { startAfter })
    yield page.objects
    startAfter = page.objects.at(-1)?.key
    more = page.truncated
  }
}
