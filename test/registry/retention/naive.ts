/**
 * Rules as somebody would read them, and documents of them at random.
 *
 * @module
 */

import fc from 'fast-check'
import type { RepositoryFacts } from '../../../functions/registry/retention/evaluate.ts'
import type { RetentionInput } from '../../../functions/registry/retention/schema.ts'

const DAY = 86_400_000

/** A rule as people write it. */
export type WrittenRule = NonNullable<RetentionInput['rules']>[number]

const age = fc.integer({ min: 0, max: 9 }).map((days) => `${days}d`)
const pattern = fc.constantFrom('*', 'v*', 'v1', '*1', 'latest', 'dev-*', 'sha256-*')
const repositories = fc.constantFrom<string[]>(['**'], ['app'], ['other'], ['a*', 'x'])
const keep = fc.oneof(
  fc.constant('always' as const),
  fc.record({ newest: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ pushedWithin: age }),
  fc.record({ pulledWithin: age }),
)
const remove = fc.oneof(
  fc.constant('always' as const),
  fc.record({ notPushedFor: age }),
  fc.record({ notPulledFor: age }),
)
const about = fc.oneof(
  fc.array(pattern, { minLength: 1, maxLength: 2 }).map((tags) => ({ tags })),
  fc.tuple(pattern, pattern).map(([tag, except]) => ({ tags: [tag], except: [except] })),
  fc.constant({ untagged: true as const }),
)
const rule: fc.Arbitrary<Omit<WrittenRule, 'name'>> = fc
  .tuple(repositories, about, keep, remove, fc.boolean(), fc.boolean())
  .map(([names, what, keeps, removes, isKeep, even]) => ({
    repositories: names,
    ...what,
    ...(isKeep ? { keep: keeps } : { remove: removes }),
    ...(isKeep && even && !('untagged' in what) ? { allTags: true as const } : {}),
    ...(!isKeep && even && !('untagged' in what) ? { evenImmutable: true as const } : {}),
  }))
/** Documents. */
export const written: fc.Arbitrary<RetentionInput> = fc
  .tuple(
    fc.array(
      fc.record({
        repositories,
        tags: fc.array(pattern, { minLength: 1, maxLength: 2 }),
        except: fc.array(pattern, { maxLength: 1 }),
      }),
      { maxLength: 2 },
    ),
    fc.array(rule, { maxLength: 5 }),
  )
  .map(([immutable, rules]) => ({
    version: 1,
    immutable,
    rules: rules.map((each, at) => ({ name: `rule ${at}`, ...each })),
  }))

const globs = (patterns: readonly string[], text: string): boolean =>
  patterns.some((each) => new RegExp(`^${each.replaceAll(/\*+/g, '.*')}$`).test(text))

const days = (text: string): number => Number.parseInt(text, 10) * DAY

interface Thing {
  readonly tag: string | undefined
  readonly digest: string
  readonly pushed: number
}

/**
 * Decides one thing after the other.
 *
 * @param now milliseconds
 * @returns the tags, and the digests of the manifests without one, that go
 */
export const naively = (
  document: RetentionInput,
  { name, tags, manifests, pullsSince }: RepositoryFacts,
  now: number,
): string[] => {
  const present = new Set(manifests.map(({ digest }) => digest))
  const things: Thing[] = [
    ...tags.filter(
      ({ tag }) => !(/^sha256-/.test(tag) && present.has(tag.replace('-', ':').slice(0, 71))),
    ),
    ...manifests
      .filter(({ digest, needed }) => !needed && !tags.some((each) => each.digest === digest))
      .map(({ digest, pushed }) => ({ tag: undefined, digest, pushed })),
  ]
  const covers = (each: WrittenRule, { tag }: Thing): boolean =>
    globs(each.repositories, name) &&
    (tag === undefined
      ? each.untagged === true
      : each.tags !== undefined && globs(each.tags, tag) && !globs(each.except ?? [], tag))
  const used = ({ digest, pushed }: Thing): number => {
    const pulled =
      manifests.find((each) => each.digest === digest)?.pulled ?? Number.NEGATIVE_INFINITY
    return Math.max(pushed, pulled, pullsSince ?? now)
  }
  const latest = (each: WrittenRule, digest: string): number =>
    Math.max(
      ...things
        .filter((other) => covers(each, other) && other.digest === digest)
        .map(({ pushed }) => pushed),
    )
  const applies = (each: WrittenRule, thing: Thing): boolean => {
    if (!covers(each, thing)) return false
    const what = each.keep ?? each.remove
    if (what === undefined || what === 'always') return true
    if ('newest' in what) {
      const others = new Set(
        things.filter((other) => covers(each, other)).map(({ digest }) => digest),
      )
      const mine = latest(each, thing.digest)
      const before = [...others].filter((digest) => {
        const theirs = latest(each, digest)
        return theirs > mine || (theirs === mine && digest < thing.digest)
      })
      return before.length < what.newest
    }
    if ('pushedWithin' in what) return now - thing.pushed <= days(what.pushedWithin)
    if ('pulledWithin' in what) return now - used(thing) <= days(what.pulledWithin)
    if ('notPushedFor' in what) return now - thing.pushed > days(what.notPushedFor)
    return now - used(thing) > days(what.notPulledFor)
  }
  const gone: string[] = []
  for (const thing of things) {
    const applying = (document.rules ?? []).filter((each) =>
      each.allTags
        ? thing.tag !== undefined &&
          things.some((other) => other.digest === thing.digest && applies(each, other))
        : applies(each, thing),
    )
    const immutable = (document.immutable ?? []).some(
      ({ repositories: names, tags: which = ['*'], except = [] }) =>
        thing.tag !== undefined &&
        globs(names, name) &&
        globs(which, thing.tag) &&
        !globs(except, thing.tag),
    )
    const kept = applying.some((each) => each.keep !== undefined)
    const removed = applying.some(
      (each) => each.remove !== undefined && (!immutable || each.evenImmutable === true),
    )
    if (removed && !kept) gone.push(thing.tag ?? thing.digest)
  }
  return gone.sort()
}
