/**
 * What is kept beside manifests that are gone: the records of their pulls, of those of schema 1 the signatures, and the
 * images of the first API. A record only says when, and is written daily where a manifest is pulled; a manifest without its
 * signatures is signed by the registry. So they are looked at only when everything is, and nothing is lost if they go early.
 * Images must not: each write of them has other bytes, so none that follows a look is taken away.
 *
 * @module
 */

import { once } from '../../../shared/once.ts'
import { listPages } from '../../../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../../../storage/store.ts'
import {
  type ManifestInKey,
  manifestIn,
  PULLED_PREFIX,
  SCHEMA1_PREFIX,
  V1_PREFIX,
  v1ManifestIn,
} from '../../layout.ts'
import { isOld, type Terms } from '../terms.ts'
import type { Thing } from '../thing.ts'
import { type Kind, removeListed, type Suspect, type Verdict } from './kind.ts'
import { type IsLinked, lookAtLinks } from './linked.ts'

/** What is kept there. */
type Beside = Pick<Thing, 'step' | 'why'> & {
  readonly prefix: string
  /** The manifest that a key is about; undefined for what is left as it is. */
  readonly manifestOf: (key: string) => ManifestInKey | undefined
}

const PULLS: Beside = {
  prefix: PULLED_PREFIX,
  manifestOf: (key) => manifestIn(PULLED_PREFIX, key),
  step: 'remove-pull',
  why: 'the repository does not have the manifest that was pulled',
}

const SIGNATURES: Beside = {
  prefix: SCHEMA1_PREFIX,
  manifestOf: (key) => manifestIn(SCHEMA1_PREFIX, key),
  step: 'remove-signatures',
  why: 'the repository does not have the manifest that was signed',
}

const IMAGES: Beside = {
  prefix: V1_PREFIX,
  manifestOf: v1ManifestIn,
  step: 'remove-v1',
  why: 'the repository does not have the manifest that the first API knows this of',
}

const look = async (
  store: ObjectStore,
  { step, why }: Beside,
  object: ListedObject,
  { name: repository, digest }: ManifestInKey,
  isLinked: IsLinked,
): Promise<Verdict> => {
  if (await isLinked(digest)) return 'stays'
  const { key, size } = object
  return {
    thing: { step, key, repository, digest, size, why },
    // Most have the same bytes: one of a later pull, or push, must not go.
    carryOut: () => removeListed(store, object, { once: true }),
  }
}

/** What a page has. All of it is known before the first is looked at. */
const suspectsIn = (
  store: ObjectStore,
  terms: Terms,
  beside: Beside,
  page: readonly ListedObject[],
): readonly Suspect[] => {
  const open = (name: string) => {
    const digests: string[] = []
    return { digests, links: once(() => lookAtLinks(store, name, digests)) }
  }
  const repositories = new Map<string, ReturnType<typeof open>>()
  return page.map((object) => {
    const { modified } = object
    const manifest = isOld(terms, modified) ? beside.manifestOf(object.key) : undefined
    if (manifest === undefined) return { modified, look: () => 'stays' }
    const { name, digest } = manifest
    const repository = repositories.get(name) ?? open(name)
    repositories.set(name, repository)
    repository.digests.push(digest)
    return {
      modified,
      look: async () => look(store, beside, object, manifest, await repository.links()),
    }
  })
}

const kindOf = (store: ObjectStore, terms: Terms, beside: Beside): Kind => ({
  looks: 'at times',
  async *pages(after) {
    for await (const page of listPages(store, beside.prefix, after)) {
      yield { suspects: suspectsIn(store, terms, beside, page), last: page.at(-1)?.key }
    }
  },
})

/** Records of pulls. */
export const pulls = (store: ObjectStore, terms: Terms): Kind => kindOf(store, terms, PULLS)

/** What the first API knows of manifests. */
export const firstApi = (store: ObjectStore, terms: Terms): Kind => kindOf(store, terms, IMAGES)

/** Signatures of manifests of schema 1. */
export const signatures = (store: ObjectStore, terms: Terms): Kind =>
  kindOf(store, terms, SIGNATURES)
