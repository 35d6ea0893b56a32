/** Who may have an upstream asked: whoever may pull, unless a rule denies it. @module */

import { expect, test } from 'vitest'
import { ANONYMOUS } from '../../functions/auth/identity.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { allows } from '../../functions/auth/policy/policy.ts'

const rule = (actions: readonly string[], effect = 'allow', repositories = ['up/**']) => ({
  who: ['anonymous'],
  repositories,
  actions,
  effect,
})

test.each<[what: string, rules: readonly object[], may: boolean]>([
  ['no rule', [], false],
  ['pull', [rule(['pull'])], true],
  ['everything', [rule(['*'])], true],
  ['push alone', [rule(['push'])], false],
  ['fetch alone', [rule(['fetch'])], false],
  ['fetch denied before', [rule(['fetch'], 'deny'), rule(['pull'])], false],
  ['fetch denied after', [rule(['pull']), rule(['fetch'], 'deny')], false],
  ['fetch denied elsewhere', [rule(['fetch'], 'deny', ['other/**']), rule(['pull'])], true],
  ['fetch allowed, then denied', [rule(['fetch', 'pull']), rule(['fetch'], 'deny', ['**'])], true],
  ['pull denied', [rule(['*'], 'deny'), rule(['fetch', 'pull'])], false],
])('%s', (_, rules, may) => {
  const policy = parsePolicy(JSON.stringify({ version: 1, rules }))
  expect(allows(policy, ANONYMOUS, 'up/app', 'fetch')).toBe(may)
})
