/**
 * What is recorded of the pulls of manifests that are gone. A record only says when, and is written daily where a
 * manifest is pulled: so it is looked at only when everything is, and nothing is lost if it goes early.
 *
 * @module
 */

import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import { PULLED_PREFIX, pulledOf, revisionLinkKey } from '../../layout.ts'
import { isOld, type Terms } from '../terms.ts'
import { type Kind, removeListed, suspects, type Verdict } from './kind.ts'

const look = async (store: ObjectStore, terms: Terms, object: ListedObject): Promise<Verdict> => {
  const { key, modified, size } = object
  const { name: repository, digest } = pulledOf(key) ?? {}
  if (repository === undefined || digest === undefined || !isOld(terms, modified)) return 'stays'
  if ((await store.head(revisionLinkKey(repository, digest))) !== undefined) return 'stays'
  const why = 'the repository does not have the manifest that was pulled'
  return {
    thing: { step: 'remove-pull', key, repository, digest, size, why },
    carryOut: () => removeListed(store, object),
  }
}

/** Records of pulls. */
export const pulls = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'at times',
  pages: (after) => suspects(store, PULLED_PREFIX, after, (object) => look(store, terms, object)),
})
