/**
 * What rules would do, for those who only ask.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { dataKey } from '../layout.ts'
import { type KnownPulls, UNKNOWN_PULLS } from '../pulls/read.ts'
import type { Digest } from '../reference.ts'
import { evaluate } from '../retention/evaluate.ts'
import { NO_RULES } from '../retention/retention.ts'
import { readAllNeeds } from './all-needs.ts'
import type { ReadNeeds } from './needs.ts'
import { targetsOf } from './repository.ts'
import { planRevisions, type RevisionState, readRevisions } from './revisions.ts'
import { factsOf, type HeldTag, type Ruled, readHeldTags } from './rule-facts.ts'
import type { Terms } from './terms.ts'
import { judge, type Verdict } from './verdicts.ts'
import { type ListedRepository, walkRepositories } from './walk.ts'

/** What the rules say of a repository. */
export interface Preview {
  readonly verdicts: readonly Verdict[]
  /** Digests of data that its links will no longer lead to in the end, if nothing is pushed. */
  readonly freed: ReadonlySet<Digest>
  /** The same if deletes could not be undone. */
  readonly freedAtOnce: ReadonlySet<Digest>
}

/** The manifests that are left when rules have been applied for long enough. */
const leftInTheEnd = (
  { rules = NO_RULES, date }: Terms,
  ruled: Ruled,
  tags: readonly HeldTag[],
  pulls: KnownPulls,
  from: readonly RevisionState[],
): readonly RevisionState[] => {
  let [revisions, left] = [from, tags]
  for (;;) {
    const needed = new Set(
      revisions.flatMap(({ target }) => ruled.needs.known.get(target)?.digests ?? []),
    )
    const needs = { ...ruled.needs, needed }
    const facts = factsOf({ ...ruled, revisions, needs, leaving: [] }, left, pulls)
    const going = evaluate(rules, facts, date).filter(({ goes }) => goes)
    if (going.length === 0) return revisions
    const goingTags = new Set(going.map(({ tag }) => tag))
    const goingDigests = new Set<string>(
      going.filter(({ tag }) => tag === undefined).map(({ digest }) => digest),
    )
    left = left.filter(({ tag }) => !goingTags.has(tag))
    revisions = revisions.filter(({ digest }) => !goingDigests.has(digest))
  }
}

/** Asks the rules about a repository, as a run would. */
export const previewRepository = async (
  store: ObjectStore,
  terms: Terms,
  readNeeds: ReadNeeds,
  listed: ListedRepository,
): Promise<Preview> => {
  const all = await readRevisions(store, listed.revisions)
  const { gone } = await planRevisions(store, terms, listed.name, all, listed.tags)
  const revisions = all.filter(({ digest }) => !gone.has(digest))
  const leaving = all.filter(({ digest }) => gone.has(digest))
  const needs = await readAllNeeds(readNeeds, revisions)
  const ruled: Ruled = { listed, revisions, needs, leaving }
  const tags = await readHeldTags(store, listed.tags, all)
  const { verdicts } = await judge(store, terms, ruled, tags)
  if (needs.unknown !== undefined) {
    return { verdicts, freed: new Set(), freedAtOnce: new Set() }
  }
  const pulls = (await terms.readPulls?.(listed.name)) ?? UNKNOWN_PULLS
  const { targets, others } = await targetsOf(store, listed)
  const freedOf = (from: readonly RevisionState[]): Set<Digest> => {
    const freed = new Set(targets)
    for (const { target } of leftInTheEnd(terms, ruled, tags, pulls, from)) {
      freed.delete(target)
      for (const each of needs.known.get(target)?.digests ?? []) {
        freed.delete(others.get(each) ?? each)
      }
    }
    return freed
  }
  return {
    verdicts,
    freed: freedOf(revisions),
    freedAtOnce: freedOf(revisions.filter(({ state }) => state !== 'deleted')),
  }
}

/** Counts the bytes that no repository keeps. */
export interface Freed {
  /** Notes what a repository will no longer link. */
  add(preview: Preview): void
  /**
   * Bytes that come free in the end, and those that would if deletes could not be undone. A listing of all
   * repositories, and an operation for each blob or manifest that comes free.
   */
  count(): Promise<{ readonly bytes: number; readonly atOnce: number }>
}

/** Opens a count. It grows with what goes. */
export const countFreed = (store: ObjectStore): Freed => {
  const leaving = new Map<Digest, { left: number; leftAtOnce: number; links: number }>()
  return {
    add({ freed, freedAtOnce }) {
      for (const digest of freedAtOnce) {
        const sum = leaving.get(digest) ?? { left: 0, leftAtOnce: 0, links: 0 }
        sum.leftAtOnce += 1
        if (freed.has(digest)) sum.left += 1
        leaving.set(digest, sum)
      }
    },
    async count() {
      let [bytes, atOnce] = [0, 0]
      if (leaving.size === 0) return { bytes, atOnce }
      for await (const listed of walkRepositories(store)) {
        for (const each of new Set((await targetsOf(store, listed)).targets)) {
          const sum = leaving.get(each)
          if (sum !== undefined) sum.links += 1
        }
      }
      for (const [digest, { left, leftAtOnce, links }] of leaving) {
        if (leftAtOnce < links) continue
        const size = (await store.head(dataKey(digest)))?.size ?? 0
        atOnce += size
        if (left >= links) bytes += size
      }
      return { bytes, atOnce }
    },
  }
}
