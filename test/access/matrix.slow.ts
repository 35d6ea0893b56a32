/**
 * Who may do what, completely: callers by repositories by endpoints, under random policies, against a
 * model that decides without the code under test.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { ACTIONS, type Action } from '../../functions/auth/access.ts'
import type { Identity } from '../../functions/auth/identity.ts'
import { modelAllows, rules, type WrittenRule } from '../auth/policy-model.ts'
import { ENDPOINTS, scopeOf } from './endpoints.ts'
import {
  type AccessRig,
  basic,
  bearer,
  claimsOf,
  foreignToken,
  jsonOf,
  ORIGIN,
  openRig,
} from './rig.ts'

const REPOSITORIES = ['a', 'alice', 'alice/a', 'a/b', 'a.b/a', 'bob/alice/a']
const GROUPS = { dev: ['alice', 'robot+a.b'], ops: ['alice', 'robot+alice'] }
const USERS = { alice: 'right horse', bob: 'battery', a: 'staple' }

/** A caller of the matrix. */
interface Subject {
  readonly description: string
  /** What it shows for a repository; undefined is nothing. */
  readonly shows: (rig: AccessRig, repository: string) => Promise<string | undefined>
  readonly may: (policy: readonly WrittenRule[], repository: string, action: Action) => boolean
  /** How it is refused. */
  readonly refused: 'challenge' | 'insufficient_scope' | 'denied'
}

const groupsOf = (account: string): string[] =>
  Object.entries(GROUPS).flatMap(([group, members]) => (members.includes(account) ? [group] : []))

const ANONYMOUS: Identity = { kind: 'anonymous', name: '', groups: [], claims: {} }

/** Our accounts, and what each logs in with. */
const ACCOUNTS: readonly (readonly [Identity, (rig: AccessRig) => string | undefined])[] = [
  [ANONYMOUS, () => undefined],
  ...Object.entries(USERS).map(
    ([name, password]): readonly [Identity, (rig: AccessRig) => string] => [
      { kind: 'user', name, groups: groupsOf(name), claims: {} },
      () => basic(name, password),
    ],
  ),
  ...['alice', 'a.b'].map((name): readonly [Identity, (rig: AccessRig) => string] => [
    { kind: 'robot', name: `robot+${name}`, groups: groupsOf(`robot+${name}`), claims: {} },
    ({ secrets }) => basic(`robot+${name}`, secrets.get(name) ?? ''),
  ]),
]

const byPolicy =
  (identity: Identity): Subject['may'] =>
  (policy, repository, action) =>
    modelAllows(policy, identity, repository, action)

/** Asks for everything, and gets what the model allows. */
const takeToken = async (
  rig: AccessRig,
  as: string | undefined,
  repository: string,
): Promise<string | undefined> => {
  const scope = `repository:${repository}:push,delete,pull`
  const answer = await rig.send(`GET /token?service=slipway&scope=${scope}`, { as })
  if (answer.status === 401 && as === undefined) return undefined
  assert.equal(answer.status, 200, answer.body.toString())
  return jsonOf(answer).token
}

const accountSubjects = ([identity, credentials]: (typeof ACCOUNTS)[number]): Subject[] => {
  const who = identity.kind === 'anonymous' ? 'anonymous' : identity.name
  const may = byPolicy(identity)
  return [
    {
      description: `${who}, ${who === 'anonymous' ? 'nothing shown' : 'Basic'}`,
      shows: async (rig) => credentials(rig),
      may,
      refused: who === 'anonymous' ? 'challenge' : 'denied',
    },
    {
      description: `${who}, token`,
      shows: async (rig, repository) => {
        const token = await takeToken(rig, credentials(rig), repository)
        return token && bearer(token)
      },
      may,
      refused: 'insufficient_scope',
    },
  ]
}

const ACCESS = [
  { type: 'repository', name: 'a', actions: ['pull'] },
  { type: 'repository', name: 'alice', actions: ['*'] },
  { type: 'repository', name: 'a/b', actions: ['push', 'delete'] },
  { type: 'repository', name: 'alice/*', actions: ['pull'] },
  { type: 'other', name: 'alice/a', actions: ['*'] },
  { type: 'registry', name: 'a.b/a', actions: ['*'] },
]

const ofOthers = (
  description: string,
  claims: Readonly<Record<string, unknown>>,
  may: Subject['may'],
): Subject => ({
  description: `another issuer's token ${description}`,
  shows: async (rig) => bearer(foreignToken(rig.clock.now(), claims)),
  may,
  refused: 'insufficient_scope',
})

const claimSubject = (claims: Readonly<Record<string, unknown>>): Subject =>
  ofOthers(
    `with ${JSON.stringify(claims)}`,
    claims,
    byPolicy({ kind: 'token', name: String(claims.sub), groups: [], claims }),
  )

const SUBJECTS: readonly Subject[] = [
  ...ACCOUNTS.flatMap(accountSubjects),
  ofOthers(
    'with an access claim',
    { access: ACCESS, role: 'admin', sub: 'alice' },
    (_, name, action) =>
      ACCESS.some(
        (each) =>
          each.type === 'repository' &&
          each.name === name &&
          (each.actions.includes('*') || each.actions.includes(action)),
      ),
  ),
  ofOthers('with an empty access claim', { access: [], role: 'admin' }, () => false),
  ofOthers('with no access at all', { access: null, role: 'admin' }, () => false),
  claimSubject({ sub: 'alice', role: 'admin' }),
  claimSubject({ sub: 'x/y', role: ['reader'], level: 3, 'k8s.io': { ns: 'a' } }),
]

const refusal = ({ refused }: Subject, shown: string | undefined, scope: string) => {
  if (refused === 'denied') return { status: 403, challenge: null }
  const error = shown === undefined || refused === 'challenge' ? '' : `,error="${refused}"`
  const challenge = `Bearer realm="${ORIGIN}/token",service="slipway",scope="${scope}"${error}`
  return { status: 401, challenge }
}

/** Sends every request of the matrix. @returns how many were allowed and refused */
const checkAll = async (rig: AccessRig, policy: readonly WrittenRule[]) => {
  const counted = { allowed: 0, refused: 0 }
  for (const subject of SUBJECTS) {
    for (const repository of REPOSITORIES) {
      const shown = await subject.shows(rig, repository)
      const may = (action: Action) => subject.may(policy, repository, action)
      if (shown?.startsWith('Bearer') && !subject.description.startsWith('another')) {
        const [entry] = claimsOf(shown).access
        assert.deepEqual(entry?.actions ?? [], ACTIONS.filter(may), subject.description)
      }
      for (const endpoint of ENDPOINTS) {
        const { method, target, action, allowed, more } = endpoint
        const request = `${method} ${target(repository)}`
        const { status, headers } = await rig.send(request, { ...more, as: shown })
        const said = `${subject.description}: ${request} ${JSON.stringify(policy)}`
        if (may(action)) {
          assert.equal(status, allowed, said)
          counted.allowed += 1
          continue
        }
        const expected = refusal(subject, shown, scopeOf(repository, endpoint))
        assert.equal(status, expected.status, said)
        assert.equal(headers.get('WWW-Authenticate'), expected.challenge, said)
        counted.refused += 1
      }
    }
  }
  return counted
}

const DOCUMENTS = {
  users: USERS,
  groups: GROUPS,
  robots: ['alice', 'a.b'],
  foreign: true,
  images: REPOSITORIES,
}

/** Rules of every kind, each of which decides something. */
const WRITTEN: readonly WrittenRule[] = [
  { who: ['user:bob'], repositories: ['alice/**'], actions: ['*'], effect: 'deny' },
  { who: ['anonymous', 'authenticated'], repositories: ['a'], actions: ['pull'] },
  { who: ['authenticated'], repositories: [`\${user}`, `\${user}/**`], actions: ['*'] },
  { who: ['group:dev'], repositories: ['*/b'], actions: ['pull', 'push'] },
  { who: ['robot:alice'], repositories: ['**'], actions: ['push'] },
  { who: ['user:bob'], repositories: ['bob/**', 'a*'], actions: ['pull', 'delete'] },
  { who: ['claim:role=admin'], repositories: ['**'], actions: ['delete', 'pull'] },
  { who: ['claim:k8s.io.ns=a'], repositories: ['alice/a'], actions: ['push'] },
]

describe('subject by repository by endpoint', () => {
  test('a policy with rules of every kind', async (t) => {
    const rig = await openRig(t, { ...DOCUMENTS, policy: WRITTEN })
    const { allowed, refused } = await checkAll(rig, WRITTEN)
    assert.equal(allowed + refused, SUBJECTS.length * REPOSITORIES.length * ENDPOINTS.length)
    // A matrix with one outcome only would prove nothing.
    assert.ok(allowed > 500 && refused > 500, `${allowed} allowed, ${refused} refused`)
  })

  test('random policies', async (t) => {
    await fc.assert(
      fc.asyncProperty(rules, async (policy) => {
        const rig = await openRig(t, { ...DOCUMENTS, policy })
        await checkAll(rig, policy)
      }),
      { numRuns: 3, endOnFailure: true },
    )
  })

  test('Basic alone gives the same decisions', async (t) => {
    const rig = await openRig(t, { ...DOCUMENTS, policy: WRITTEN, args: ['--auth=basic'] })
    for (const [identity, credentials] of ACCOUNTS) {
      for (const repository of REPOSITORIES) {
        for (const endpoint of ENDPOINTS) {
          const { method, target, action, allowed, more } = endpoint
          const request = `${method} ${target(repository)}`
          const { status } = await rig.send(request, { ...more, as: credentials(rig) })
          const may = modelAllows(WRITTEN, identity, repository, action)
          const refused = identity.kind === 'anonymous' ? 401 : 403
          assert.equal(status, may ? allowed : refused, `${identity.name}: ${request}`)
        }
      }
    }
  })
})
