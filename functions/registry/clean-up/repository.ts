/**
 * One repository: what of it goes, and why. Nothing is written while this is decided.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import type { Digest } from '../reference.ts'
import { readAllNeeds } from './all-needs.ts'
import { type Need, planLayers, readTargets } from './layers.ts'
import type { ReadNeeds } from './needs.ts'
import { planRevisions, readRevisions } from './revisions.ts'
import { planByRules } from './rules.ts'
import { dueAt, isOld, type Terms } from './terms.ts'
import type { Planned } from './thing.ts'
import { NOTHING_UNCOUNTED, readUncounted } from './uncounted.ts'
import type { ListedLink, ListedRepository } from './walk.ts'

/** What is to be done in a repository. */
export interface RepositoryPlan {
  readonly planned: readonly Planned[]
  /** Digests that the data of its links is under, one for each link. */
  readonly targets: readonly Digest[]
  /**
   * When there may be more to do although nothing that is listed of it changes, in milliseconds. It is not
   * looked at before, if there is nothing to do now.
   */
  readonly due: number
  /** Why nothing of its blobs goes, where that is so. */
  readonly kept: string | undefined
  /** Keys of the links that lead to what no quota counts. */
  readonly uncounted: ReadonlySet<string>
}

/** When the next young link is old enough to be looked at. */
const nextOld = (terms: Terms, links: readonly ListedLink[]): number =>
  links.reduce(
    (due, { modified }) =>
      isOld(terms, modified) ? due : Math.min(due, dueAt(modified, terms.grace)),
    Number.POSITIVE_INFINITY,
  )

/** Digests that the data of a repository's links is under. */
export const targetsOf = async (
  store: ObjectStore,
  { layers, revisions }: ListedRepository,
): Promise<{
  readonly targets: readonly Digest[]
  readonly others: ReadonlyMap<Digest, Digest>
}> => {
  const links = [...layers, ...revisions]
  const others = await readTargets(store, links)
  return { targets: links.map(({ digest }) => others.get(digest) ?? digest), others }
}

/**
 * Decides what is to be done in a repository.
 *
 * @param listed its blobs' links before its manifests' links, and these before its tags; all since the
 *   date of the run
 */
export const planRepository = async (
  store: ObjectStore,
  given: Terms,
  readNeeds: ReadNeeds,
  listed: ListedRepository,
): Promise<RepositoryPlan> => {
  const { name, layers, tags } = listed
  const terms = given.evicted?.has(name) ? { ...given, undelete: 0 } : given
  const { targets, others } = await targetsOf(store, listed)
  const revisions = await readRevisions(store, listed.revisions)
  const { planned, gone, due } = await planRevisions(store, terms, name, revisions, tags)
  const staying = revisions.filter(({ digest }) => !gone.has(digest))
  const leaving = revisions.filter(({ digest }) => gone.has(digest))
  const needs = await readAllNeeds(readNeeds, staying)
  const { needed, unknown } = needs
  const { needed: wasNeeded } = await readAllNeeds(readNeeds, leaving)
  const ruled = await planByRules(store, terms, { listed, revisions: staying, needs, leaving })
  // A blob that was pushed under another algorithm has two links, and both stay with the one.
  for (const [digest, target] of others) {
    if (needed.has(digest)) needed.add(target)
    if (wasNeeded.has(digest)) wasNeeded.add(target)
  }
  const needOf = (digest: Digest): Need => {
    if (unknown !== undefined || needed.has(digest)) return 'needed'
    return wasNeeded.has(digest) ? 'leaving' : 'none'
  }
  return {
    planned: [
      ...(await planLayers(store, terms, name, layers, needOf)),
      ...planned,
      ...ruled.planned,
    ],
    targets,
    due: Math.min(due, ruled.due, nextOld(terms, layers)),
    kept: unknown,
    uncounted:
      terms.quotas?.of(name) === undefined
        ? NOTHING_UNCOUNTED
        : await readUncounted(store, terms, readNeeds, { listed, revisions, others }),
  }
}
