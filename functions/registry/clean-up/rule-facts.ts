/**
 * What the rules want to know of a repository, from its listing.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import type { KnownPulls } from '../pulls/read.ts'
import type { Digest } from '../reference.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from '../retention/evaluate.ts'
import { pushedAt } from '../retention/remove-tag.ts'
import type { Retention } from '../retention/retention.ts'
import { versionOf } from '../tag-links.ts'
import type { AllNeeds } from './all-needs.ts'
import type { RevisionState } from './revisions.ts'
import type { ListedRepository, ListedTag } from './walk.ts'

/** Links read at once. */
const AT_ONCE = 32

/** A tag with what it says. */
export interface HeldTag extends TagFacts {
  readonly key: string
  readonly digest: Digest
  /** Set for one that a rule has condemned. */
  readonly condemned?: LinkObject
}

/** A repository as the rules look at it. */
export interface Ruled {
  readonly listed: ListedRepository
  /** Its manifests, but for those that can no longer be undeleted. */
  readonly revisions: readonly RevisionState[]
  /** What these need. */
  readonly needs: AllNeeds
  /** Manifests that go for good in this run; what is attached to them by tags stays until the next. */
  readonly leaving: readonly RevisionState[]
}

/** Whether a rule may remove something of a repository. */
export const isRuled = (rules: Retention, name: string): boolean =>
  rules.rules.some(({ deed, repositories }) => 'remove' in deed && repositories(name))

/** The tags of a repository; a read for each whose version does not prove what it says. */
export const readHeldTags = async (
  store: ObjectStore,
  tags: readonly ListedTag[],
  revisions: readonly RevisionState[],
): Promise<readonly HeldTag[]> => {
  const known = new Map(revisions.map(({ digest }) => [versionOf(digest), digest]))
  const all = await inBatches(
    tags,
    async ({ tag, key, etag, modified, plain }): Promise<HeldTag | undefined> => {
      const proved = plain ? known.get(etag ?? '') : undefined
      if (proved !== undefined) return { tag, key, digest: proved, pushed: modified.getTime() }
      const link = await readLinkObject(store, key)
      if (link?.body === undefined) return undefined
      const held = { tag, key, digest: link.body.target, pushed: pushedAt(link) }
      return link.body.condemned === undefined ? held : { ...held, condemned: link }
    },
    AT_ONCE,
  )
  return all.filter((each) => each !== undefined)
}

/** When a manifest was last pushed here, also if it was condemned since. Milliseconds. */
const pushedOf = ({ link, modified }: RevisionState): number =>
  link === undefined ? modified.getTime() : pushedAt(link)

/** The manifests of a repository that something else needs. What nobody can read may need them all. */
const isNeeded = ({ revisions, needs }: Ruled): ((each: RevisionState) => boolean) => {
  if (needs.unknown !== undefined) return () => true
  const there = new Set<Digest>(revisions.map(({ digest }) => digest))
  return ({ digest, target, state }) => {
    // Deleted ones are there, as long as they can come back, with what refers to them.
    if (state === 'deleted' || state === 'damaged' || needs.needed.has(digest)) return true
    const subject = needs.known.get(target)?.subject
    return subject !== undefined && there.has(subject)
  }
}

/** A repository as the rules are asked about it. */
export const factsOf = (
  ruled: Ruled,
  tags: readonly HeldTag[],
  { since, last }: KnownPulls,
): RepositoryFacts => {
  const needed = isNeeded(ruled)
  const manifests = ruled.revisions.map(
    (each): ManifestFacts => ({
      digest: each.digest,
      pushed: pushedOf(each),
      pulled: last.get(each.digest),
      needed: needed(each),
    }),
  )
  const leaving = ruled.leaving.map(
    (each): ManifestFacts => ({ digest: each.digest, pushed: pushedOf(each), needed: true }),
  )
  const { name } = ruled.listed
  return { name, tags, manifests: [...manifests, ...leaving], pullsSince: since }
}
