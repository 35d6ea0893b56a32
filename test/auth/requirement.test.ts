/**
 * The part `require` of a policy.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { requiredOf, withRule } from '../../functions/auth/policy/policy.ts'

const policyOf = (entries: string) => parsePolicy(`version: 1\nrules: []\nrequire:\n${entries}`)

const ENTRY = '  - { repositories: [prod/**, base], encrypted: true }'

test('it is of the repositories that a pattern matches', () => {
  const policy = policyOf(ENTRY)
  for (const name of ['prod/a', 'prod/a/b', 'base']) {
    expect(requiredOf(policy, name)).toMatchObject([{ at: 1, encrypted: true, effect: 'refuse' }])
  }
  for (const name of ['prod', 'base/a', 'production/a']) {
    expect(requiredOf(policy, name)).toBe(undefined)
  }
  expect(requiredOf(parsePolicy('version: 1\nrules: []'), 'prod/a')).toBe(undefined)
})

test('all that match, in order; a rule beside them changes nothing', () => {
  const policy = policyOf(
    `${ENTRY}\n  - { repositories: ['**'], encrypted: true, effect: report }\n`,
  )
  const rule = {
    who: ['authenticated'],
    repositories: ['**'],
    actions: ['pull' as const],
    effect: 'allow' as const,
  }
  for (const each of [policy, withRule(policy, rule)]) {
    expect(requiredOf(each, 'base')?.map(({ at, effect }) => [at, effect])).toEqual([
      [1, 'refuse'],
      [2, 'report'],
    ])
    expect(requiredOf(each, 'other')?.map(({ at }) => at)).toEqual([2])
  }
})

describe('it cannot have', () => {
  test.each([
    ['nothing', '  []', /require/],
    ['no repositories', '  - { repositories: [], encrypted: true }', /repositories/],
    ['nothing to require', '  - { repositories: [a] }', /encrypted/],
    ['what is switched off', '  - { repositories: [a], encrypted: false }', /encrypted is "false"/],
    ["a caller's name", '  - { repositories: [prod/$user], encrypted: true }', /name of a caller/],
    ['a name that none has', '  - { repositories: [A], encrypted: true }', /lower-case/],
    ['another effect', `${ENTRY.slice(0, -1)}, effect: deny }`, /effect is "deny"/],
    [
      'an unknown field',
      `${ENTRY.slice(0, -1)}, who: [a] }`,
      /require\[0\]\.who: unknown field, expected repositories, encrypted and effect/,
    ],
  ])('%s', (_, entries, message) => {
    expect(() => policyOf(entries)).toThrow(message)
  })
})
