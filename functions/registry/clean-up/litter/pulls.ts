/**
 * What is recorded of the pulls of manifests that are gone. A record only says when, and is written daily where a
 * manifest is pulled: so it is looked at only when everything is, and nothing is lost if it goes early.
 *
 * @module
 */

import { once } from '../../../shared/once.ts'
import { listPages } from '../../../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import { PULLED_PREFIX, pulledOf } from '../../layout.ts'
import { isOld, type Terms } from '../terms.ts'
import { type Kind, removeListed, type Suspect, type Verdict } from './kind.ts'
import { type IsLinked, lookAtLinks } from './linked.ts'

const look = async (
  store: ObjectStore,
  object: ListedObject,
  { name: repository, digest }: { readonly name: string; readonly digest: string },
  isLinked: IsLinked,
): Promise<Verdict> => {
  if (await isLinked(digest)) return 'stays'
  const { key, size } = object
  const why = 'the repository does not have the manifest that was pulled'
  return {
    thing: { step: 'remove-pull', key, repository, digest, size, why },
    // All records have the same bytes: one of a later pull must not go.
    carryOut: () => removeListed(store, object, { once: true }),
  }
}

/** Records of a page. All of them are known before the first is looked at. */
const suspectsIn = (
  store: ObjectStore,
  terms: Terms,
  page: readonly ListedObject[],
): readonly Suspect[] => {
  const open = (name: string) => {
    const digests: string[] = []
    return { digests, links: once(() => lookAtLinks(store, name, digests)) }
  }
  const repositories = new Map<string, ReturnType<typeof open>>()
  return page.map((object) => {
    const { modified } = object
    const pulled = isOld(terms, modified) ? pulledOf(object.key) : undefined
    if (pulled === undefined) return { modified, look: () => 'stays' }
    const { name, digest } = pulled
    const repository = repositories.get(name) ?? open(name)
    repositories.set(name, repository)
    repository.digests.push(digest)
    return {
      modified,
      look: async () => look(store, object, pulled, await repository.links()),
    }
  })
}

/** Records of pulls. */
export const pulls = (store: ObjectStore, terms: Terms): Kind => ({
  looks: 'at times',
  async *pages(after) {
    for await (const page of listPages(store, PULLED_PREFIX, after)) {
      yield { suspects: suspectsIn(store, terms, page), last: page.at(-1)?.key }
    }
  },
})
