/**
 * Links that lead to what quotas do not count: blobs that no manifest needs, which uploads have left, deleted
 * manifests, and what only those need.
 *
 * What is in doubt counts. A push relies on a plain link that it saw shortly before; so does one that a clean-up has
 * condemned since. And a deleted manifest is there if a tag says so that was set since.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { SETTLED } from '../quotas/counter.ts'
import type { Digest } from '../reference.ts'
import { readAllNeeds } from './all-needs.ts'
import type { ReadNeeds } from './needs.ts'
import { type RevisionState, readTags } from './revisions.ts'
import type { Terms } from './terms.ts'
import type { ListedLink, ListedRepository } from './walk.ts'

/** Everything counts. */
export const NOTHING_UNCOUNTED: ReadonlySet<string> = new Set()

/** Whether a push may have seen the link while it was plain, and has not landed yet. */
const isYoung = ({ date }: Terms, modified: Date): boolean =>
  modified.getTime() + 2 * SETTLED >= date

const isLeft = (terms: Terms, { plain, modified }: ListedLink): boolean =>
  !plain && !isYoung(terms, modified)

/** Those of a repository in which there is nothing to do, and whose manifests' links are plain. */
export const uncountedSeen = (
  terms: Terms,
  { name, layers }: ListedRepository,
): ReadonlySet<string> =>
  terms.quotas?.of(name) === undefined
    ? NOTHING_UNCOUNTED
    : new Set(layers.filter((each) => isLeft(terms, each)).map(({ key }) => key))

/** What was read of a repository. */
export interface ReadRepository {
  readonly listed: ListedRepository
  readonly revisions: readonly RevisionState[]
  /** The data of links under other algorithms. */
  readonly others: ReadonlyMap<Digest, Digest>
}

/** Deleted manifests that no tag says that was set since. */
const goneOf = async (
  store: ObjectStore,
  { listed, revisions }: ReadRepository,
): Promise<readonly RevisionState[]> => {
  const deleted = revisions.filter(({ state }) => state === 'deleted')
  if (deleted.length === 0) return []
  const first = Math.min(...deleted.map(({ modified }) => modified.getTime()))
  const since = listed.tags.filter(({ modified }) => modified.getTime() + 2 * SETTLED >= first)
  const said = new Set((await readTags(store, since)).values())
  return deleted.filter(({ digest }) => !said.has(digest))
}

/** Those of a repository. Manifests are read that were read before, and tags if a manifest was deleted. */
export const readUncounted = async (
  store: ObjectStore,
  terms: Terms,
  readNeeds: ReadNeeds,
  read: ReadRepository,
): Promise<ReadonlySet<string>> => {
  const { listed, revisions, others } = read
  const gone = new Set((await goneOf(store, read)).map(({ key }) => key))
  const { needed, unknown } = await readAllNeeds(
    readNeeds,
    revisions.filter(({ key }) => !gone.has(key)),
  )
  if (unknown !== undefined) return gone
  for (const [digest, target] of others) if (needed.has(digest)) needed.add(target)
  const left = listed.layers.filter(
    (each) => !needed.has(each.digest) && (each.plain || isLeft(terms, each)),
  )
  return new Set([...gone, ...left.map(({ key }) => key)])
}
