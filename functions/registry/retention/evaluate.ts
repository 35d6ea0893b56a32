/**
 * What the rules say of a repository: which tags and manifests would go, and which rule decided. Nothing is
 * read or written here; what is not known, such as pulls before they were recorded, counts in favour of
 * staying.
 *
 * @module
 */

import type { Retention, Rule } from './retention.ts'

/** A tag, as it is in the store. */
export interface TagFacts {
  readonly tag: string
  readonly digest: string
  /** When it was last set; milliseconds, as all times here. */
  readonly pushed: number
}

/** A manifest, as it is in the store. */
export interface ManifestFacts {
  readonly digest: string
  readonly pushed: number
  /** When it was last pulled, as far as that is recorded. */
  readonly pulled?: number | undefined
  /** Whether an index names it, or it belongs to a manifest that is there (a signature). */
  readonly needed: boolean
}

/** A repository, as it is in the store. */
export interface RepositoryFacts {
  readonly name: string
  readonly tags: readonly TagFacts[]
  readonly manifests: readonly ManifestFacts[]
  /** Since when pulls are recorded; undefined: they are not. */
  readonly pullsSince: number | undefined
}

/** What is said of a tag, or of a manifest without one, that a rule would remove. */
export interface Decision {
  /** Undefined for a manifest. */
  readonly tag: string | undefined
  readonly digest: string
  readonly goes: boolean
  /** The rule that decided; {@link IMMUTABLE} where the tag is immutable. */
  readonly rule: string
  /** The first rule that would remove it. */
  readonly removedBy: string
}

/** Stands for a rule where a tag stays because it is immutable. */
export const IMMUTABLE = '(immutable)'

/** Something that rules may be about. */
interface Item {
  readonly tag: string | undefined
  readonly digest: string
  readonly pushed: number
  /** When it was last pulled, or may have been. */
  readonly pulled: number
}

/** Tags by which cosign and others attach something to the manifest whose digest they name. */
const ATTACHED = /^(sha256|sha512)-([0-9a-f]{64,128})(?:\.[\w.-]+)?$/

/** The digest that a tag is attached to, if it is such a tag. */
const attachedTo = (tag: string): string | undefined => {
  const [, algorithm, hex] = ATTACHED.exec(tag) ?? []
  return algorithm && `${algorithm}:${hex}`
}

const isAbout = (rule: Rule, name: string, { tag }: Item): boolean =>
  rule.repositories(name) && (tag === undefined ? rule.tags === undefined : !!rule.tags?.(tag))

/** The digests of the images among items that were pushed last. */
const newestOf = (items: readonly Item[], count: number): ReadonlySet<string> => {
  const pushed = new Map<string, number>()
  for (const { digest, pushed: at } of items) {
    pushed.set(digest, Math.max(at, pushed.get(digest) ?? at))
  }
  const sorted = [...pushed].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return new Set(sorted.slice(0, count).map(([digest]) => digest))
}

/** Of the items that a rule is about, those on which it acts. */
const chosenBy = ({ deed }: Rule, items: readonly Item[], now: number): readonly Item[] => {
  const condition = 'keep' in deed ? deed.keep : deed.remove
  if (condition === 'always') return items
  if ('newest' in condition) {
    const newest = newestOf(items, condition.newest)
    return items.filter(({ digest }) => newest.has(digest))
  }
  const used = ({ pushed, pulled }: Item): number => Math.max(pushed, pulled)
  if ('pushedWithin' in condition)
    return items.filter(({ pushed }) => pushed >= now - condition.pushedWithin)
  if ('pulledWithin' in condition)
    return items.filter((item) => used(item) >= now - condition.pulledWithin)
  if ('notPushedFor' in condition)
    return items.filter(({ pushed }) => pushed < now - condition.notPushedFor)
  return items.filter((item) => used(item) < now - condition.notPulledFor)
}

/** The items on which a rule acts. */
const actedOn = (rule: Rule, name: string, items: readonly Item[], now: number): Set<Item> => {
  const about = items.filter((item) => isAbout(rule, name, item))
  const on = new Set(chosenBy(rule, about, now))
  if (!rule.allTags) return on
  const digests = new Set([...on].map(({ digest }) => digest))
  return new Set(items.filter(({ tag, digest }) => tag !== undefined && digests.has(digest)))
}

/** Tags, and manifests that no tag points at and nothing needs. */
const itemsOf = ({ tags, manifests, pullsSince }: RepositoryFacts, now: number): Item[] => {
  const byDigest = new Map(manifests.map((each) => [each.digest, each]))
  const pulledOf = (digest: string): number =>
    Math.max(byDigest.get(digest)?.pulled ?? 0, pullsSince ?? now)
  const tagged = new Set(tags.map(({ digest }) => digest))
  return [
    ...tags.filter(({ tag }) => !byDigest.has(attachedTo(tag) ?? '')),
    ...manifests
      .filter(({ digest, needed }) => !needed && !tagged.has(digest))
      .map(({ digest, pushed }) => ({ tag: undefined, digest, pushed })),
  ].map((each) => ({ ...each, pulled: pulledOf(each.digest) }))
}

/**
 * What goes by the rules, and what a rule would remove and another keeps; the rest is about nothing.
 *
 * A rule that keeps beats all that remove. An immutable tag goes only by a rule that says so. Of several rules
 * on one side, the first in the document is named. Tags that are attached to a manifest that is there (by
 * cosign, as in `sha256-….sig`) stay with it.
 *
 * @param now milliseconds
 */
export const evaluate = (
  { rules, isImmutable }: Retention,
  facts: RepositoryFacts,
  now: number,
): Decision[] => {
  const items = itemsOf(facts, now)
  const acts = rules.map((rule) => ({ rule, on: actedOn(rule, facts.name, items, now) }))
  return items.flatMap((item) => {
    const { tag, digest } = item
    const acting = acts.filter(({ on }) => on.has(item)).map(({ rule }) => rule)
    const removing = acting.filter(({ deed }) => 'remove' in deed)
    const [first] = removing
    if (first === undefined) return []
    const keeping = acting.find(({ deed }) => 'keep' in deed)
    const frozen = tag !== undefined && isImmutable(facts.name, tag)
    const able = frozen ? removing.find(({ evenImmutable }) => evenImmutable) : first
    const goes = keeping === undefined && able !== undefined
    const decided = keeping?.name ?? able?.name ?? IMMUTABLE
    return [{ tag, digest, goes, rule: decided, removedBy: (able ?? first).name }]
  })
}

/** The age that a rule is about, and whether pulls count; undefined where time changes nothing. */
const ageIn = ({ deed }: Rule): { readonly age: number; readonly used: boolean } | undefined => {
  const condition = 'keep' in deed ? deed.keep : deed.remove
  if (condition === 'always' || 'newest' in condition) return undefined
  if ('pushedWithin' in condition) return { age: condition.pushedWithin, used: false }
  if ('pulledWithin' in condition) return { age: condition.pulledWithin, used: true }
  if ('notPushedFor' in condition) return { age: condition.notPushedFor, used: false }
  return { age: condition.notPulledFor, used: true }
}

/**
 * When rules may say something else of a repository in which nothing changes; earlier than they do, perhaps,
 * but never later. Milliseconds; infinity where they never will.
 *
 * @param now milliseconds
 */
export const nextDecision = ({ rules }: Retention, facts: RepositoryFacts, now: number): number => {
  const items = itemsOf(facts, now)
  let next = Number.POSITIVE_INFINITY
  for (const rule of rules) {
    const { age, used } = ageIn(rule) ?? {}
    if (age === undefined) continue
    for (const item of items) {
      if (!isAbout(rule, facts.name, item)) continue
      const at = (used ? Math.max(item.pushed, item.pulled) : item.pushed) + age + 1
      if (at > now) next = Math.min(next, at)
    }
  }
  return next
}
