/**
 * Policies of Harbor and zot as rules: what they then remove, beside what those registries document; and that it is
 * never more, whatever the policy.
 *
 * @module
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evaluate, type RepositoryFacts } from '../../../functions/registry/retention/evaluate.ts'
import { importHarbor } from '../../../functions/registry/retention/import/harbor.ts'
import type { Imported } from '../../../functions/registry/retention/import/imported.ts'
import { importZot } from '../../../functions/registry/retention/import/zot.ts'
import { parseRetention } from '../../../functions/registry/retention/parse.ts'
import { doublestar } from './doublestar.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY

/** Days ago that a thing was pushed, and pulled, and its tags. */
type Thing = readonly [pushed: number, pulled: number, tags: readonly string[]]

const factsOf = (name: string, things: readonly Thing[]): RepositoryFacts => ({
  name,
  tags: things
    .flatMap(([pushed, , tags], at) =>
      tags.map((tag) => ({ tag, digest: `sha256:${at}`, pushed: NOW - pushed * DAY })),
    )
    .sort((a, b) => (a.tag < b.tag ? -1 : 1)),
  manifests: things.map(([pushed, pulled], at) => ({
    digest: `sha256:${at}`,
    pushed: NOW - pushed * DAY,
    pulled: NOW - pulled * DAY,
    needed: false,
  })),
  pullsSince: 0,
})

const goneBy = ({ document }: Imported, facts: RepositoryFacts): string[] =>
  evaluate(parseRetention(JSON.stringify(document)), facts, NOW)
    .filter(({ goes }) => goes)
    .map(({ tag, digest }) => tag ?? digest)
    .sort()

const THINGS: readonly Thing[] = [
  [1, 1, ['v3', 'latest']],
  [5, 2, ['v2']],
  [9, 9, ['v1']],
  [3, 3, ['dev-2']],
  [7, 7, ['dev-1']],
  [8, 1, []],
]

const selector = (decoration: string, pattern: string, extras?: object) => ({
  kind: 'doublestar',
  decoration,
  pattern,
  ...(extras ? { extras: JSON.stringify(extras) } : {}),
})

/** A rule of Harbor, as its API gives it. */
const harborRule = (
  template: string,
  count: number | undefined,
  tags = selector('matches', '**', { untagged: true }),
  repository = selector('repoMatches', '**'),
) => ({
  id: 1,
  priority: 0,
  disabled: false,
  action: 'retain',
  template,
  params: count === undefined ? {} : { [template]: count },
  tag_selectors: [tags],
  scope_selectors: { repository: [repository] },
})

const harbor = (...rules: object[]): string =>
  JSON.stringify({
    id: 1,
    algorithm: 'or',
    rules,
    scope: { level: 'project', ref: 1 },
    trigger: { kind: 'Schedule', references: {}, settings: { cron: '' } },
  })

const ofHarbor = (text: string, name = 'team/app'): string[] =>
  goneBy(importHarbor(text, ['team/**']), factsOf(name, THINGS))

const tagged = (pattern: string) => selector('matches', pattern, { untagged: false })

describe('Harbor', () => {
  for (const [title, text, gone] of [
    ['no rule', harbor(), []],
    ['always', harbor(harborRule('always', undefined)), []],
    [
      'what was pushed last, and the rest goes',
      harbor(harborRule('latestPushedK', 2, tagged('v*'))),
      ['dev-1', 'dev-2', 'sha256:5', 'v1'],
    ],
    [
      'all tags of an image that is retained stay',
      harbor(harborRule('always', undefined, tagged('v3'))),
      ['dev-1', 'dev-2', 'sha256:5', 'v1', 'v2'],
    ],
    ['by push', harbor(harborRule('nDaysSinceLastPush', 5)), ['dev-1', 'sha256:5', 'v1']],
    ['by pull', harbor(harborRule('nDaysSinceLastPull', 3)), ['dev-1', 'v1']],
    [
      'any rule retains',
      harbor(
        harborRule('always', undefined, tagged('dev-*')),
        harborRule('latestPushedK', 1, tagged('v*')),
      ),
      ['sha256:5', 'v1', 'v2'],
    ],
    [
      'excluded tags',
      harbor(harborRule('always', undefined, selector('excludes', 'v*', { untagged: true }))),
      ['sha256:5', 'v1', 'v2'],
    ],
    [
      'excluded tags, and by default what has none',
      harbor(harborRule('always', undefined, selector('excludes', '{v*,dev-*}'))),
      ['dev-1', 'dev-2', 'v1', 'v2'],
    ],
    [
      'alternatives',
      harbor(harborRule('always', undefined, selector('matches', '{v1,dev-*}'))),
      ['latest', 'v2', 'v3'],
    ],
    [
      'another repository',
      harbor(harborRule('nothing', undefined, undefined, selector('repoMatches', 'other'))),
      [],
    ],
    [
      'nothing',
      harbor(harborRule('nothing', undefined)),
      ['dev-1', 'dev-2', 'latest', 'sha256:5', 'v1', 'v2', 'v3'],
    ],
    [
      'a disabled rule is none',
      harbor({ ...harborRule('nothing', undefined), disabled: true }),
      [],
    ],
  ] as const) {
    test(title, () => expect(ofHarbor(text)).toEqual(gone))
  }

  for (const [title, text, warning] of [
    ['the last pulled', harbor(harborRule('latestPulledN', 1)), /latestPulledN has no equal here/],
    ['the last active', harbor(harborRule('latestActiveK', 1)), /latestActiveK has no equal/],
    ['an unknown template', harbor(harborRule('new', 1)), /new has no equal/],
    [
      'a pattern of repositories that cannot be said',
      harbor(harborRule('nothing', undefined, undefined, selector('repoMatches', 'ap?'))),
      /"ap\?" cannot be said exactly: nothing goes there/,
    ],
    [
      'excluded repositories',
      harbor(harborRule('nothing', undefined, undefined, selector('repoExcludes', 'app'))),
      /"app" that the rule excludes, everything is kept/,
    ],
    [
      'two selectors of repositories',
      harbor({
        ...harborRule('nothing', undefined),
        scope_selectors: { repository: Array(2).fill(selector('repoMatches', '**')) },
      }),
      /of several selectors of repositories none can be said/,
    ],
  ] as const) {
    test(`${title}: all is kept, with a warning`, () => {
      expect(ofHarbor(text)).toEqual([])
      expect(importHarbor(text, ['team/**']).warnings.join('\n')).toMatch(warning)
    })
  }

  for (const [title, text, projects, why] of [
    ['no project', harbor(), ['**'], /"\*\*" is not a project: a policy of Harbor is for one/],
    ['a wrong number', harbor(harborRule('latestPushedK', -1)), ['a/**'], /latestPushedK is "-1"/],
    ['no policy', '{"rule": []}', ['a/**'], /^retention policy, line 1/],
    [
      'an unknown decoration',
      harbor(harborRule('always', undefined, selector('like', 'x'))),
      ['a/**'],
      /"like" is not known: expected matches or excludes/,
    ],
  ] as const) {
    test(`${title} is refused`, () => expect(() => importHarbor(text, projects)).toThrow(why))
  }
})

const zot = (policies: readonly object[], more: object = {}): string =>
  JSON.stringify({
    http: { port: 1 },
    storage: { rootDirectory: '/z', retention: { policies, ...more } },
  })

const all = { repositories: ['**'], deleteReferrers: true }
const keep = (patterns: readonly string[], rest: object = {}) => ({ patterns, ...rest })
const ofZot = (text: string): string[] => goneBy(importZot(text), factsOf('team/app', THINGS))

describe('zot', () => {
  for (const [title, text, gone] of [
    ['no policy', zot([]), []],
    ['no keepTags: all tags stay', zot([all]), ['sha256:5']],
    ['untagged stay', zot([{ ...all, deleteUntagged: false }]), []],
    ['untagged stay for a while', zot([all], { delay: '193h' }), []],
    [
      'names in another case',
      zot([{ repositories: ['**'], deleteReferrers: true, KeepTags: [{ Patterns: ['^v'] }] }]),
      ['dev-1', 'dev-2', 'latest', 'sha256:5'],
    ],
    [
      'patterns are found anywhere',
      zot([{ ...all, keepTags: [keep(['3', '-1$'])] }]),
      ['dev-2', 'latest', 'sha256:5', 'v1', 'v2'],
    ],
    [
      'any condition keeps',
      zot([
        {
          ...all,
          keepTags: [keep(['^v'], { mostRecentlyPushedCount: 1, pulledWithin: '72h' })],
        },
      ]),
      ['dev-1', 'dev-2', 'latest', 'sha256:5', 'v1'],
    ],
    [
      'by push, a time of several units',
      zot([{ ...all, keepTags: [keep(['.*'], { pushedWithin: '119h59m60s' })] }]),
      ['dev-1', 'sha256:5', 'v1'],
    ],
    [
      'without patterns it is about all',
      zot([{ ...all, keepTags: [{ mostRecentlyPushedCount: 1 }] }]),
      ['dev-1', 'dev-2', 'sha256:5', 'v1', 'v2'],
    ],
    [
      'the first policy is the only one',
      zot([
        { repositories: ['team/*'], deleteUntagged: false },
        { ...all, keepTags: [keep(['^none$'])] },
      ]),
      [],
    ],
    ['another repository', zot([{ ...all, repositories: ['*'], keepTags: [keep(['none'])] }]), []],
  ] as const) {
    test(title, () => expect(ofZot(text)).toEqual([...gone].sort()))
  }

  const rest = { ...all, keepTags: [keep(['^none$'])] }
  for (const [title, text, gone, warning] of [
    [
      'the last pulled',
      zot([
        { ...all, keepTags: [keep(['.*'], { mostRecentlyPulledCount: 1, pushedWithin: '1h' })] },
      ]),
      ['sha256:5'],
      /policy 1: mostRecentlyPulledCount has no equal here/,
    ],
    [
      'referrers without a subject',
      zot([{ repositories: ['**'] }]),
      [],
      /policy 1: it keeps referrers whose subject is gone/,
    ],
    ['keepUntagged', zot([{ ...all, keepUntagged: [] }]), [], /keepUntagged has no equal/],
    [
      'an expression that cannot be said',
      zot([
        { ...all, deleteUntagged: false, keepTags: [keep(['^v[0-9]$', '^(latest|dev-\\d)$'])] },
      ]),
      [],
      /"\^v\[0-9\]\$" becomes "v\*", which matches more/,
    ],
    ['no repositories', zot([{ ...rest, repositories: undefined }]), [], /names no repositories/],
    [
      'repositories that cannot be said',
      zot([{ ...rest, repositories: ['team/ap?'] }]),
      [],
      /"team\/ap\?" cannot be said exactly: nothing goes there/,
    ],
    [
      'subPaths',
      JSON.stringify({
        storage: { subPaths: { '/team': {} }, retention: { policies: [rest] } },
      }),
      [],
      /everything below \/team is kept/,
    ],
  ] as const) {
    test(`${title}: more is kept, with a warning`, () => {
      expect(ofZot(text)).toEqual(gone)
      expect(importZot(text).warnings.join('\n')).toMatch(warning)
    })
  }

  for (const [title, text, why] of [
    ['a dry run', zot([all], { dryRun: true }), /its retention is a dry run/],
    ['a time that is none', zot([all], { delay: '2 days' }), /"2 days" is not a time/],
    ['what is unknown in a policy', zot([{ ...all, keepSigned: true }]), /keepsigned/],
    ['no configuration', '{"storage":{}}', /^configuration, line 1/],
  ] as const) {
    test(`${title} is refused`, () => expect(() => importZot(text)).toThrow(why))
  }
})

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
