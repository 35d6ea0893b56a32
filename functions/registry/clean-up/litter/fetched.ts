/**
 * What pull-through has left: what is known of tags that are gone, marks of repositories that are, and claims of processes
 * that have died in a fetch. Nothing relies on any of it: a state that goes early is a question to an upstream. So all of
 * it is looked at only at times.
 *
 * @module
 */

import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import { catalogKey, FETCHED_PREFIX, FETCHING_PREFIX, fetchedOf, tagLinkKey } from '../../layout.ts'
import { isTag } from '../../reference.ts'
import { isOld, type Terms } from '../terms.ts'
import { type Kind, removeListed, suspects, type Verdict } from './kind.ts'

const lookAtState = async (
  store: ObjectStore,
  terms: Terms,
  object: ListedObject,
): Promise<Verdict> => {
  const { key, modified, size } = object
  const found = isOld(terms, modified) ? fetchedOf(key) : undefined
  if (found === undefined) return 'stays'
  const { name: repository, tag } = found
  const isOfTag = isTag(tag)
  const proof = isOfTag ? tagLinkKey(repository, tag) : catalogKey(repository)
  if ((await store.head(proof)) !== undefined) return 'stays'
  const why = isOfTag ? 'the tag that was fetched is gone' : 'the repository is gone'
  return {
    thing: { step: 'remove-fetched', key, repository, ...(isOfTag ? { tag } : {}), size, why },
    // Marks have the same bytes: one of a later fetch must not go.
    carryOut: () => removeListed(store, object, { once: true }),
  }
}

/** What is known of tags that were fetched. */
export const fetched = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'at times',
  pages: (after) =>
    suspects(store, FETCHED_PREFIX, after, (object) => lookAtState(store, terms, object)),
})

/** Claims: who lives writes its own anew every few seconds. */
export const claims = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'at times',
  pages: (after) =>
    suspects(store, FETCHING_PREFIX, after, (object) => {
      const { key, modified, size } = object
      if (!isOld(terms, modified)) return 'stays'
      const why = `who fetched it has died: claimed ${modified.toISOString()}`
      return {
        thing: { step: 'remove-fetching', key, size, why },
        carryOut: () => removeListed(store, object),
      }
    }),
})
