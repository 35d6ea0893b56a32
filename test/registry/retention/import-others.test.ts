/**
 * Policies of Harbor and zot as rules: what they then remove, beside what those registries document. That it is
 * never more, whatever the policy, is in import-models.slow.ts.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { importHarbor } from '../../../functions/registry/retention/import/harbor.ts'
import { importZot } from '../../../functions/registry/retention/import/zot.ts'
import { factsOf, goneBy, harbor, harborRule, selector, type Thing, zot } from './import-others.ts'

const THINGS: readonly Thing[] = [
  [1, 1, ['v3', 'latest']],
  [5, 2, ['v2']],
  [9, 9, ['v1']],
  [3, 3, ['dev-2']],
  [7, 7, ['dev-1']],
  [8, 1, []],
]

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
