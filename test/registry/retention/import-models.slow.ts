/**
 * Policies of Harbor and zot at random: rules made of them never remove what those registries keep, by models of them.
 *
 * @module
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { importHarbor } from '../../../functions/registry/retention/import/harbor.ts'
import { importZot } from '../../../functions/registry/retention/import/zot.ts'
import { doublestar } from './doublestar.ts'
import { factsOf, goneBy, harbor, harborRule, selector, type Thing, zot } from './import-others.ts'

const thing: fc.Arbitrary<Thing> = fc.tuple(
  fc.integer({ min: 0, max: 9 }),
  fc.integer({ min: 0, max: 9 }),
  fc.uniqueArray(fc.constantFrom('a', 'b', 'ab', 'a1', 'b1'), { maxLength: 3 }),
)
/** A tag is of one thing alone. */
const things = fc.array(thing, { maxLength: 5 }).map((list) => {
  const used = new Set<string>()
  return list.map(([pushed, pulled, tags]): Thing => {
    const mine = tags.filter((tag) => !used.has(tag))
    for (const tag of mine) used.add(tag)
    return [pushed, pulled, mine]
  })
})
const template = fc.constantFrom(
  'always',
  'nothing',
  'latestPushedK',
  'nDaysSinceLastPush',
  'nDaysSinceLastPull',
)
const pattern = fc.constantFrom('**', 'a*', '*b', '{a,b}', 'a?', '[ab]', 'ab')
const repositoryPattern = fc.constantFrom('**', '*', 'app', 'a?p', '{app,x}', 'other', '**/app')
const randomRule = fc.record({
  template,
  count: fc.integer({ min: 0, max: 4 }),
  tags: pattern,
  excludes: fc.boolean(),
  untagged: fc.constantFrom(true, false, undefined),
  repository: repositoryPattern,
  repoExcludes: fc.boolean(),
})

/** What Harbor keeps: images, by their place. */
const keptByHarbor = (
  rules: readonly (typeof randomRule extends fc.Arbitrary<infer T> ? T : never)[],
  list: readonly Thing[],
): boolean[] => {
  const scoped = rules.filter(
    ({ repository, repoExcludes }) => doublestar(repository, 'app') !== repoExcludes,
  )
  if (scoped.length === 0) return list.map(() => true)
  const kept = list.map(() => false)
  for (const { template: by, count, tags, excludes, untagged = !excludes } of scoped) {
    const selected = [...list.keys()].filter((at) => {
      const names = list[at]![2]
      if (names.length === 0) return excludes ? !untagged : untagged
      return names.some((name) => doublestar(tags, name) !== excludes)
    })
    const newest = selected.toSorted((a, b) => list[a]![0] - list[b]![0]).slice(0, count)
    for (const at of selected) {
      const [pushed, pulled] = list[at]!
      if (by === 'always') kept[at] = true
      if (by === 'latestPushedK' && newest.includes(at)) kept[at] = true
      if (by === 'nDaysSinceLastPush' && pushed <= count) kept[at] = true
      if (by === 'nDaysSinceLastPull' && pulled <= count) kept[at] = true
    }
  }
  return kept
}

test('what Harbor keeps, stays with all its tags', () =>
  fc.assert(
    fc.property(fc.array(randomRule, { maxLength: 4 }), things, (rules, list) => {
      // Of several that were pushed at one moment, each registry takes others.
      fc.pre(new Set(list.map(([pushed]) => pushed)).size === list.length)
      const text = harbor(
        ...rules.map((each) =>
          harborRule(
            each.template,
            each.count,
            selector(
              each.excludes ? 'excludes' : 'matches',
              each.tags,
              each.untagged === undefined ? undefined : { untagged: each.untagged },
            ),
            selector(each.repoExcludes ? 'repoExcludes' : 'repoMatches', each.repository),
          ),
        ),
      )
      const gone = ofHarborWith(text, list)
      for (const [at, kept] of keptByHarbor(rules, list).entries()) {
        if (!kept) continue
        for (const name of [...list[at]![2], `sha256:${at}`]) expect(gone).not.toContain(name)
      }
    }),
    { numRuns: 1_000 },
  ))

const ofHarborWith = (text: string, list: readonly Thing[]): string[] =>
  goneBy(importHarbor(text, ['team/**']), factsOf('team/app', list))

const entry = fc.record({
  patterns: fc.array(fc.constantFrom('^a', 'b$', '.*', '^[ab]$', '^a|b', '1'), { maxLength: 2 }),
  pushed: fc.integer({ min: 0, max: 4 }),
  pulled: fc.integer({ min: 0, max: 4 }),
  count: fc.integer({ min: 0, max: 2 }),
})
const policy = fc.record({
  repositories: fc.array(fc.constantFrom('**', 'team/app', 'team/a?p', '*', 'x/{a,b}'), {
    minLength: 1,
    maxLength: 2,
  }),
  entries: fc.array(entry, { maxLength: 3 }),
  untagged: fc.boolean(),
  referrers: fc.boolean(),
})

type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never
type Policy = typeof policy extends fc.Arbitrary<infer T> ? T : never

/** What zot keeps: tags, and what has none. */
const keptByZot = (policies: readonly Policy[], list: readonly Thing[]): string[] => {
  const first = policies.find(({ repositories }) =>
    repositories.some((each) => doublestar(each, 'team/app')),
  )
  const tags = list.flatMap(([pushed, pulled, names]) =>
    names.map((tag) => ({ tag, pushed, pulled })),
  )
  const bare = list.flatMap(([, , names], at) => (names.length > 0 ? [] : [`sha256:${at}`]))
  // A repository of no policy: its tags stay.
  if (first === undefined) return tags.map(({ tag }) => tag)
  const kept = first.untagged ? [] : bare
  if (first.entries.length === 0) return [...kept, ...tags.map(({ tag }) => tag)]
  const matches = ({ patterns }: Entry, tag: string) =>
    patterns.length === 0 || patterns.some((each) => new RegExp(each).test(tag))
  for (const each of first.entries) {
    const mine = tags.filter(
      ({ tag }) => first.entries.find((other) => matches(other, tag)) === each,
    )
    const last = mine.toSorted((a, b) => a.pushed - b.pushed).slice(0, each.count)
    const free = each.count === 0 && each.pushed === 0 && each.pulled === 0
    for (const one of mine) {
      const young = each.pushed > 0 && one.pushed <= each.pushed
      const used = each.pulled > 0 && one.pulled <= each.pulled
      if (free || young || used || last.includes(one)) kept.push(one.tag)
    }
  }
  return kept
}

test('what zot keeps, stays', () =>
  fc.assert(
    fc.property(fc.array(policy, { maxLength: 3 }), things, (policies, list) => {
      // One tag an image, and one image a moment: of equal ones, each registry takes others.
      const single = list.map(([pushed, pulled, tags]): Thing => [pushed, pulled, tags.slice(0, 1)])
      fc.pre(new Set(single.map(([pushed]) => pushed)).size === single.length)
      const text = zot(
        policies.map(({ repositories, entries, untagged, referrers }) => ({
          repositories,
          deleteUntagged: untagged,
          deleteReferrers: referrers,
          keepTags: entries.map(({ patterns, pushed, pulled, count }) => ({
            patterns,
            ...(pushed > 0 ? { pushedWithin: `${pushed * 24}h` } : {}),
            ...(pulled > 0 ? { pulledWithin: `${pulled * 24}h` } : {}),
            ...(count > 0 ? { mostRecentlyPushedCount: count } : {}),
          })),
        })),
      )
      const gone = goneBy(importZot(text), factsOf('team/app', single))
      for (const name of keptByZot(policies, single)) expect(gone).not.toContain(name)
    }),
    { numRuns: 1_000 },
  ))
