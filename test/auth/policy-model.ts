/**
 * Policies decided again, slowly and without the code under test; and generators of what to decide.
 *
 * @module
 */

import fc from 'fast-check'
import type { Action } from '../../functions/auth/access.ts'
import type { Identity } from '../../functions/auth/identity.ts'

/** A rule as it is written. */
export interface WrittenRule {
  readonly who: readonly (string | { readonly all: readonly string[] })[]
  readonly repositories: readonly string[]
  readonly actions: readonly string[]
  readonly effect?: 'allow' | 'deny'
}

const USER = `\${user}`

const isComponent = (text: string): boolean => {
  const pieces = text.split(/__|[._]|-+/)
  return pieces.every((piece) => /^[a-z0-9]+$/.test(piece))
}

/** Tries every length for a wildcard. */
const globMatches = (glob: string, text: string): boolean => {
  if (glob === '') return text === ''
  if (glob.startsWith('**')) {
    for (let taken = 0; taken <= text.length; taken++) {
      if (globMatches(glob.slice(2), text.slice(taken))) return true
    }
    return false
  }
  if (glob.startsWith('*')) {
    for (let taken = 0; taken <= text.length; taken++) {
      if (text.slice(0, taken).includes('/')) break
      if (globMatches(glob.slice(1), text.slice(taken))) return true
    }
    return false
  }
  return text !== '' && glob[0] === text[0] && globMatches(glob.slice(1), text.slice(1))
}

const repositoryMatches = (glob: string, { kind, name }: Identity, repository: string): boolean => {
  const user = kind === 'robot' ? name.replace('robot+', '') : name
  if (!glob.includes(USER)) return globMatches(glob, repository)
  return isComponent(user) && globMatches(glob.replaceAll(USER, user), repository)
}

const claimValues = (claims: unknown, path: readonly string[]): unknown[] => {
  if (path.length === 0) return Array.isArray(claims) ? claims : [claims]
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return []
  return Object.entries(claims).flatMap(([name, value]) => {
    const length = name.split('.').length
    return path.slice(0, length).join('.') === name ? claimValues(value, path.slice(length)) : []
  })
}

const oneMatches = (who: string, identity: Identity): boolean => {
  const { kind, name, groups, claims } = identity
  switch (who.split(':')[0]) {
    case 'anonymous':
      return kind === 'anonymous'
    case 'authenticated':
      return kind !== 'anonymous'
    case 'user':
      return kind === 'user' && who === `user:${name}`
    case 'robot':
      return kind === 'robot' && `robot+${who.slice('robot:'.length)}` === name
    case 'group':
      return ['user', 'robot'].includes(kind) && groups.some((group) => who === `group:${group}`)
    case 'aws': {
      const [, , , , account] = name.split(':')
      const written = who.slice('aws:'.length)
      return kind === 'aws' && (written === account || globMatches(written, name))
    }
    default: {
      if (kind !== 'token') return false
      const written = who.slice('claim:'.length)
      const [operator = '='] = ['!=', '!~', '=', '~'].filter((each) => written.includes(each))
      const [path = '', value = ''] = written.split(operator)
      const values = claimValues(claims, path.split('.')).filter(
        (each) => each !== null && typeof each !== 'object',
      )
      const fits = values.filter((each) =>
        operator.endsWith('~') ? globMatches(value, String(each)) : String(each) === value,
      )
      return operator.startsWith('!') ? values.length > 0 && fits.length === 0 : fits.length > 0
    }
  }
}

const whoMatches = (who: WrittenRule['who'][number], identity: Identity): boolean =>
  (typeof who === 'string' ? [who] : who.all).every((each) => oneMatches(each, identity))

/** Whether the rules allow it. */
export const modelAllows = (
  rules: readonly WrittenRule[],
  identity: Identity,
  repository: string,
  action: Action,
): boolean => {
  for (const { who, repositories, actions, effect } of rules) {
    if (!who.some((each) => whoMatches(each, identity))) continue
    const all = action !== 'override' && actions.includes('*')
    if (!actions.includes(action) && !all) continue
    if (!repositories.some((glob) => repositoryMatches(glob, identity, repository))) continue
    return effect !== 'deny'
  }
  return false
}

const some = <T>(values: readonly T[], most: number) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most })

const NAMES = ['alice', 'bob', 'a', 'a.b', 'A', 'a/b', '**', '*', 'a@b', USER, '-', 'a--b', 'a..b']

const token = (claims: Identity['claims'], name = 'alice'): Identity => ({
  kind: 'token',
  name,
  groups: ['dev'],
  claims,
})

/** Callers of every kind, with names that try to be more than a name. */
export const IDENTITIES: readonly Identity[] = [
  { kind: 'anonymous', name: '', groups: [], claims: {} },
  ...NAMES.flatMap((name): Identity[] => [
    { kind: 'user', name, groups: [], claims: {} },
    { kind: 'robot', name: `robot+${name}`, groups: ['dev'], claims: {} },
  ]),
  { kind: 'user', name: 'alice', groups: ['dev', 'ops'], claims: { role: 'admin' } },
  ...['role/ci', 'role/a/ci', 'user/a', 'root'].map((rest): Identity => {
    const name = `arn:aws:iam::123456789012:${rest}`
    return { kind: 'aws', name, groups: ['dev'], claims: { role: 'admin' } }
  }),
  { kind: 'user', name: 'arn:aws:iam::123456789012:role/ci', groups: [], claims: {} },
  token({}),
  token({ role: 'admin' }, '**'),
  token({ role: ['reader', 'admin'], level: 3 }),
  token({ realm: { role: ['admin'] }, on: true }),
  token({ 'realm.role': 'admin', 'k8s.io': { ns: 'a' } }),
  token({ role: [['admin']], realm: { role: { admin: true } }, level: '3' }),
  token({ role: null, realm: [{ role: 'admin' }] }),
]

const WHO = [
  'anonymous',
  'authenticated',
  'user:alice',
  'user:a',
  'user:**',
  'group:dev',
  'group:ops',
  'robot:alice',
  'robot:a.b',
  'aws:123456789012',
  'aws:210987654321',
  'aws:arn:aws:iam::123456789012:role/ci',
  'aws:arn:aws:iam::*:role/c*',
  'aws:arn:aws:iam::123456789012:user/**',
  'claim:role=admin',
  'claim:realm.role=admin',
  'claim:level=3',
  'claim:on=true',
  'claim:k8s.io.ns=a',
  'claim:constructor.name=Object',
  'claim:role!=admin',
  'claim:role~*min',
  'claim:realm.role!~a*',
  { all: ['claim:role=admin', 'claim:level=3'] },
  { all: ['authenticated', 'claim:role!=reader'] },
  { all: ['group:dev', 'robot:alice'] },
]

const piece = fc.constantFrom('a', 'b', 'alice', '*', '**', '-', '/', USER, 'a/b', '.')

/** Patterns; those that a policy may not have are left out. */
export const globs = fc
  .array(piece, { minLength: 1, maxLength: 5 })
  .map((pieces) => pieces.join(''))
  .filter((glob) => !/^\/|\/\/|\/$|\*\*\*/.test(glob))

export const rules: fc.Arbitrary<WrittenRule[]> = fc.array(
  fc.record(
    {
      who: some(WHO, 3),
      repositories: fc.array(fc.oneof(globs, fc.constantFrom('**', '*', 'a', `${USER}/**`)), {
        minLength: 1,
        maxLength: 3,
      }),
      actions: some(['pull', 'push', 'delete', 'override', '*'], 2),
      effect: fc.constantFrom('allow' as const, 'deny' as const),
    },
    { requiredKeys: ['who', 'repositories', 'actions'] },
  ),
  { maxLength: 6 },
)

export const repositories = fc
  .array(fc.constantFrom('a', 'b', 'alice', 'bob', 'a.b', 'a-b', 'a--b', 'ab', 'aa'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((components) => components.join('/'))
