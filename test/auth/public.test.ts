/**
 * What a policy makes public, in patterns that an edge can look up.
 *
 * @module
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../functions/auth/identity.ts'
import { allows, compilePolicy } from '../../functions/auth/policy/policy.ts'
import { publicPatterns } from '../../functions/auth/policy/public.ts'
import { policySchema } from '../../functions/auth/policy/schema.ts'
import { compileGlob } from '../../functions/shared/glob.ts'
import { repositories, rules, type WrittenRule } from './policy-model.ts'

const compiled = (written: readonly WrittenRule[]) =>
  compilePolicy(policySchema.parse({ version: 1, rules: written }).rules)

const allow = (...globs: string[]): WrittenRule => ({
  who: ['anonymous'],
  repositories: globs,
  actions: ['pull'],
})
const deny = (...globs: string[]): WrittenRule => ({ ...allow(...globs), effect: 'deny' })
const USER = `\${user}`

const ROWS: readonly (readonly [
  description: string,
  written: WrittenRule[],
  patterns: string[],
])[] = [
  ['nothing', [], []],
  ['names', [allow('app', 'team/app')], ['app', 'team/app']],
  ['one level', [allow('team/*', '*')], ['*', 'team/*']],
  ['all below', [allow('team/**', '**')], ['**', 'team/**']],
  [
    'forms that cannot be looked up',
    [allow('team/a*', 'team/*-app', 'team/**/app', '*/app', 'team**', '**/app', 'a/*/**')],
    [],
  ],
  ["the caller's name, which strangers have not", [allow(`${USER}/**`, `${USER}`)], []],
  ['all actions', [{ ...allow('app'), actions: ['*'] }], ['app']],
  ['pushes alone', [{ ...allow('app'), actions: ['push'] }], []],
  ['accounts alone', [{ ...allow('app'), who: ['authenticated', 'user:anonymous'] }], []],
  ['everyone among others', [{ ...allow('app'), who: ['user:alice', 'anonymous'] }], ['app']],
  ['denied before', [deny('team/secret'), allow('team/secret', 'team/app')], ['team/app']],
  ['denied after', [allow('team/**'), deny('team/secret')], ['team/**']],
  ['a part denied before', [deny('team/secret'), allow('team/**', 'open/**')], ['open/**']],
  ['a part denied by a pattern', [deny('**/secret'), allow('team/**', 'team/app')], ['team/app']],
  ['a part denied below one level', [deny('team/a/b'), allow('team/*')], ['team/*']],
  ['a name denied beside', [deny('teams/**'), allow('team/**')], ['team/**']],
  ['denied to accounts', [{ ...deny('app'), who: ['authenticated'] }, allow('app')], ['app']],
  ['denied pushes', [{ ...deny('app'), actions: ['push'] }, allow('app')], ['app']],
  ['allowed before it is denied', [allow('app'), deny('**'), allow('team/**')], ['app']],
  ['twice', [allow('app'), allow('app')], ['app']],
]

describe('what is public', () => {
  test.each(ROWS)('%s', (_, written, patterns) => {
    expect(publicPatterns(compiled(written))).toEqual(patterns)
  })

  test('all that is matched is public, whatever the policy', () => {
    const property = fc.property(rules, repositories, (written, name) => {
      const policy = compiled(written)
      const listed = publicPatterns(policy).some((text) => compileGlob(text).matches(name, ''))
      return !listed || allows(policy, ANONYMOUS, name, 'pull')
    })
    fc.assert(property, { numRuns: 500 })
  })
})
