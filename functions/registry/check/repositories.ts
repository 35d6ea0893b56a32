/**
 * What a check knows of a repository as a whole: read only where a finding asks.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { BOUNDS, MIN_GRACE } from '../clean-up/bounds.ts'
import { readingNeeds } from '../clean-up/needs.ts'
import { planRepository } from '../clean-up/repository.ts'
import { TIMES, type Times } from '../clean-up/terms.ts'
import { listRepository } from '../clean-up/walk.ts'
import { listDeletions } from '../deleted/deletions.ts'

/** Manifests of a repository whose delete is on record. One read for each record. */
export const recordedIn = async (
  store: ObjectStore,
  name: string,
): Promise<ReadonlySet<string>> => {
  const all = await listDeletions(store, name)
  return new Set(all.flatMap(({ digest, tags }) => (tags === undefined ? [] : [digest])))
}

/**
 * What a run of the clean-up would remove of a repository's blobs if it had the least grace, and what does it, by
 * the keys of links. Reads all manifests of the repository.
 *
 * The run's date is that of a clock that may be ahead; so it is taken to be earlier.
 */
export const sweepsOf = async (
  store: ObjectStore,
  name: string,
  { now, times }: { readonly now: number; readonly times: Pick<Times, 'undelete'> },
): Promise<ReadonlyMap<string, () => Promise<boolean>>> => {
  const terms = { ...TIMES, ...times, grace: MIN_GRACE, date: now - BOUNDS.skew }
  const listed = await listRepository(store, name)
  const { planned } = await planRepository(store, terms, readingNeeds(store), listed)
  return new Map(
    planned
      .filter(({ thing: { step } }) => step === 'remove-link')
      .map(({ thing: { key }, carryOut }) => [key, carryOut]),
  )
}
