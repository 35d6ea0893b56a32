/**
 * Links that somebody else has written. Each link of Slipway has metadata that says how many bytes are linked, or that
 * they are not known; those of distribution have none. That tells who pushes by digest alone, which a listing does not
 * show. Only where a store keeps metadata: not on files.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { isOld, type Terms } from './terms.ts'
import type { ListedRepository } from './walk.ts'

/** Most links looked at in a run, the latest of each repository, and of one repository. */
const MOST = 2_000
const MOST_OF_ONE = 50
/** Links looked at once. */
const AT_ONCE = 32

/** Finds a link of a repository that was written within the grace, and not by Slipway. */
export type FindUnmarked = (listed: ListedRepository) => Promise<string | undefined>

/**
 * Finds them by looking at links, one operation each: only at plain ones that are younger than the grace, and at most
 * {@link MOST} in all.
 *
 * @returns a function that gives the key of the latest one; undefined: none was seen
 */
export const findingUnmarked = (store: ObjectStore, terms: Terms): FindUnmarked => {
  let left = MOST
  return async ({ layers, revisions }) => {
    const young = [...layers, ...revisions]
      .filter(({ plain, modified }) => plain && !isOld(terms, modified))
      .toSorted((a, b) => b.modified.getTime() - a.modified.getTime())
      .slice(0, Math.min(MOST_OF_ONE, left))
    left -= young.length
    const infos = await inBatches(young, ({ key }) => store.head(key), AT_ONCE)
    // One that has gone meanwhile says nothing.
    return young.find((_, at) => infos[at] !== undefined && infos[at].metadata.size === undefined)
      ?.key
  }
}
