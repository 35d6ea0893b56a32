/**
 * What a kind of litter is: things of which each is looked at by itself.
 *
 * @module
 */

import { tookPlace } from '../../../storage/errors.ts'
import { listPages } from '../../../storage/pages.ts'
import type { DeleteOptions, ListedObject, ObjectStore } from '../../../storage/store.ts'
import type { Planned } from '../thing.ts'

/**
 * What a look tells:
 * - `stays`: it is no litter, and is no candidate before it is written again.
 * - `waits`: it may be litter later, though nobody writes it; it is to be looked at by the next run.
 * - what is to be done.
 */
export type Verdict = Planned | 'waits' | 'stays'

/** What may be litter. */
export interface Suspect {
  readonly modified: Date
  look(): Verdict | Promise<Verdict>
}

/** A kind of litter. */
export interface Kind {
  /**
   * What is looked at: all, where a look costs no operation; otherwise what was written since an earlier run has
   * looked, and everything at times (looked.ts); or only at these times.
   */
  readonly looks: 'always' | 'changed' | 'at times'
  /** All there is of it, or what comes after a page that was looked at. */
  pages(after: string | undefined): AsyncIterable<Page>
}

/** Some things of a kind. */
export interface Page {
  readonly suspects: readonly Suspect[]
  /** Where to go on after them. */
  readonly last: string | undefined
}

/**
 * Deletes an object as it was listed. One operation, and one more where the service lists no versions.
 *
 * @param options `once` for what somebody may write anew with the same bytes
 * @returns false when it has changed or gone
 * @throws StoreError `unavailable` when a delete that is sent once had no answer
 */
export const removeListed = async (
  store: ObjectStore,
  { key, etag, modified }: ListedObject,
  options?: DeleteOptions,
): Promise<boolean> => {
  if (etag !== undefined) return tookPlace(store.deleteIf(key, etag, options))
  const info = await store.head(key)
  if (info === undefined || info.modified > modified) return false
  return tookPlace(store.deleteIf(key, info.etag, options))
}

/** All objects below a prefix; one listing for each 1000. */
export async function* suspects(
  store: ObjectStore,
  prefix: string,
  after: string | undefined,
  look: (object: ListedObject) => Verdict | Promise<Verdict>,
): AsyncGenerator<Page> {
  for await (const page of listPages(store, prefix, after)) {
    const all = page.map((object) => ({ modified: object.modified, look: () => look(object) }))
    yield { suspects: all, last: page.at(-1)?.key }
  }
}
