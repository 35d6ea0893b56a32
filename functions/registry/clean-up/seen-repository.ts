/**
 * What is remembered of a repository in which there is nothing to do, and how long that holds.
 *
 * @module
 */

import { type Digest, isDigest } from '../reference.ts'
import type { RepositoryPlan } from './repository.ts'
import type { SeenRepository } from './seen.ts'
import type { Terms } from './terms.ts'
import type { ListedRepository } from './walk.ts'

const CANONICAL = 'sha256:'

/** Whether there still is nothing to do: it is listed as it was, and nothing has come of age. */
export const holds = (
  { sum, due = Number.POSITIVE_INFINITY }: SeenRepository,
  listed: ListedRepository,
  { date, quotas, evicted }: Terms,
): boolean =>
  !evicted?.has(listed.name) &&
  listed.sum === sum &&
  due > date &&
  // Of a deleted manifest that a tag has kept, and of what it needs, quotas have to know.
  (listed.revisions.every(({ plain }) => plain) || quotas?.of(listed.name) === undefined)

/** Digests that the data of its links is under, one for each link, as `RepositoryPlan` has them. */
export const seenTargets = (
  { others = [] }: SeenRepository,
  { layers, revisions }: ListedRepository,
): readonly Digest[] => {
  const known = new Map(others)
  return [...layers, ...revisions].map(({ digest }) => known.get(digest) ?? digest)
}

/** What to remember; undefined where there is something to do, or nobody knows. */
export const seenOf = (
  { name, sum, layers, revisions }: ListedRepository,
  { planned, targets, due, kept, uncounted }: RepositoryPlan,
  { date }: Terms,
): SeenRepository | undefined => {
  if (sum === undefined || kept !== undefined || planned.length > 0 || due <= date) return undefined
  // Which of its blobs nobody needs, is not remembered.
  if (layers.some(({ key, plain }) => plain && uncounted.has(key))) return undefined
  const others = [...layers, ...revisions].flatMap(({ digest }, at) => {
    const target = targets[at]
    if (digest.startsWith(CANONICAL) || target === undefined || !isDigest(target)) return []
    return [[digest, target] as const]
  })
  return {
    name,
    sum,
    ...(Number.isFinite(due) ? { due } : {}),
    ...(others.length === 0 ? {} : { others }),
  }
}
