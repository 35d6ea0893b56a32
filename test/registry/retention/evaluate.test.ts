/**
 * What the rules say, against a model that decides for each tag by itself, from what the document says.
 *
 * @module
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  evaluate,
  IMMUTABLE,
  type RepositoryFacts,
} from '../../../functions/registry/retention/evaluate.ts'
import { parseRetention } from '../../../functions/registry/retention/parse.ts'
import type { RetentionInput } from '../../../functions/registry/retention/schema.ts'
import { naively, type WrittenRule, written } from './naive.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY

const digestOf = (number: number): string => `sha256:${String(number).padStart(64, '0')}`

const time = fc.integer({ min: 0, max: 10 }).map((days) => NOW - days * DAY)
const facts: fc.Arbitrary<RepositoryFacts> = fc
  .tuple(
    fc.uniqueArray(
      fc.constantFrom(
        'v1',
        'v2',
        'v11',
        'latest',
        'dev-1',
        'dev-2',
        `sha256-${'0'.repeat(63)}1.sig`,
      ),
      { maxLength: 7 },
    ),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), time), { minLength: 7, maxLength: 7 }),
    fc.array(fc.tuple(time, fc.option(time, { nil: undefined }), fc.boolean()), {
      minLength: 6,
      maxLength: 6,
    }),
    fc.option(time, { nil: undefined }),
  )
  .map(([tags, set, manifests, pullsSince]) => ({
    name: 'app',
    tags: tags.map((tag, at) => ({ tag, digest: digestOf(set[at]![0]), pushed: set[at]![1] })),
    manifests: manifests.map(([pushed, pulled, needed], at) => ({
      digest: digestOf(at),
      pushed,
      pulled,
      needed,
    })),
    pullsSince,
  }))

test('what goes is what the model says, and each decision names a rule that is about it', () =>
  fc.assert(
    fc.property(written, facts, (document, repository) => {
      const decisions = evaluate(parseRetention(JSON.stringify(document)), repository, NOW)
      const gone = decisions.filter(({ goes }) => goes).map(({ tag, digest }) => tag ?? digest)
      expect(gone.sort()).toEqual(naively(document, repository, NOW))
      for (const { goes, rule: decided, removedBy } of decisions) {
        const find = (name: string) => (document.rules ?? []).find((each) => each.name === name)
        expect(find(removedBy)?.remove).toBeDefined()
        if (goes) expect(decided).toBe(removedBy)
        else if (decided !== IMMUTABLE) expect(find(decided)?.keep).toBeDefined()
      }
    }),
    { numRuns: 2_000 },
  ))

const decide = (document: RetentionInput, repository: Partial<RepositoryFacts>) =>
  evaluate(
    parseRetention(JSON.stringify(document)),
    { name: 'app', tags: [], manifests: [], pullsSince: undefined, ...repository },
    NOW,
  )

describe('by example', () => {
  const tags = [1, 2, 3].map((at) => ({
    tag: `v${at}`,
    digest: digestOf(at),
    pushed: NOW - at * DAY,
  }))
  const all: WrittenRule = {
    name: 'all',
    repositories: ['**'],
    tags: ['*'],
    remove: 'always',
  }

  test('the last two stay; the rule that keeps is named', () => {
    const two = { name: 'two', repositories: ['**'], tags: ['*'], keep: { newest: 2 } }
    expect(decide({ version: 1, rules: [all, two] }, { tags })).toEqual([
      { tag: 'v1', digest: digestOf(1), goes: false, rule: 'two', removedBy: 'all' },
      { tag: 'v2', digest: digestOf(2), goes: false, rule: 'two', removedBy: 'all' },
      { tag: 'v3', digest: digestOf(3), goes: true, rule: 'all', removedBy: 'all' },
    ])
  })

  test('tags of one image count once', () => {
    const one = { name: 'one', repositories: ['**'], tags: ['*'], keep: { newest: 1 } }
    const more = [...tags, { tag: 'latest', digest: digestOf(1), pushed: NOW - 9 * DAY }]
    const gone = decide({ version: 1, rules: [one, all] }, { tags: more }).filter(
      ({ goes }) => goes,
    )
    expect(gone.map(({ tag }) => tag)).toEqual(['v2', 'v3'])
  })

  test('immutable tags stay, unless the rule says so', () => {
    const immutable = [{ repositories: ['**'], tags: ['v1'] }]
    const outcome = (rules: RetentionInput['rules']) =>
      decide({ version: 1, immutable, rules }, { tags: tags.slice(0, 1) })
    expect(outcome([all])).toMatchObject([{ goes: false, rule: IMMUTABLE, removedBy: 'all' }])
    expect(outcome([all, { ...all, name: 'even', evenImmutable: true }])).toMatchObject([
      { goes: true, rule: 'even' },
    ])
  })

  test('pulls that nobody has recorded count as pulls', () => {
    const unused = {
      name: 'unused',
      repositories: ['**'],
      tags: ['*'],
      remove: { notPulledFor: '2d' },
    }
    const goes = (pullsSince: number | undefined) =>
      decide({ version: 1, rules: [unused] }, { tags, pullsSince }).map(({ tag }) => tag)
    expect(goes(undefined)).toEqual([])
    expect(goes(NOW - DAY)).toEqual([])
    expect(goes(NOW - 9 * DAY)).toEqual(['v3'])
  })

  test('a signature by tag stays with what it signs, and goes when that is gone', () => {
    const signature = {
      tag: `${digestOf(1).replace(':', '-')}.sig`,
      digest: digestOf(5),
      pushed: 0,
    }
    const manifests = [{ digest: digestOf(1), pushed: 0, needed: false }]
    expect(decide({ version: 1, rules: [all] }, { tags: [signature], manifests })).toEqual([])
    expect(decide({ version: 1, rules: [all] }, { tags: [signature] })).toMatchObject([
      { goes: true },
    ])
  })
})

describe('a document cannot', () => {
  const rule1 = '{name: a, repositories: [a], tags: ["*"], remove: always}'
  for (const [what, text, why] of [
    [
      'be about neither tags nor untagged',
      'rules: [{name: a, repositories: [a], remove: always}]',
      /either tags or untagged/,
    ],
    [
      'keep and remove',
      'rules: [{name: a, repositories: [a], tags: [b], keep: always, remove: always}]',
      /either keep or remove/,
    ],
    ['have a name twice', `rules: [${rule1}, ${rule1}]`, /rules\[1\]\.name is "a": another rule/],
    [
      'have an age in words',
      'rules: [{name: a, repositories: [a], tags: [b], remove: {notPushedFor: 30 days}}]',
      /rules\[0\]\.remove/,
    ],
    [
      'have an unknown field',
      'rules: [{name: a, repositories: [a], tags: [b], remove: always, when: 1}]',
      /rules\[0\]\.when: unknown field, expected name,/,
    ],
    [
      'have a tag with a slash',
      'immutable: [{repositories: [a], tags: [a/b]}]',
      /"\/" is not allowed in a tag/,
    ],
    ['have a repository in upper case', 'immutable: [{repositories: [A]}]', /names are lower-case/],
    [
      'spare tags of none',
      'rules: [{name: a, repositories: [a], untagged: true, remove: always, evenImmutable: true}]',
      /evenImmutable is for/,
    ],
    ['be of version 2', 'version: 2', /version is "2"/],
  ] as const) {
    test(what, () => {
      const document = text.startsWith('version') ? text : `version: 1\n${text}`
      expect(() => parseRetention(document)).toThrow(why)
    })
  }
})
