/**
 * `slipway policy test`: who may do what, by which rule; what registries then decide is the same, for the policy
 * decides both.
 *
 * @module
 */

import { expect, type TestContext, test } from 'vitest'
import { editDocument } from '../../functions/auth/document.ts'
import { UsageError } from '../../functions/cli/errors.ts'
import { GROUPS_KEY } from '../../functions/registry/layout.ts'
import { encode } from '../auth/tokens-forge.ts'
import { openFiles } from '../support/rig/stores.ts'
import { type Desk, openDesk } from './desk.ts'

const POLICY = `version: 1
rules:
  - { who: ['robot:old'], repositories: ['**'], actions: ['*'], effect: deny }
  - { who: ['group:dev'], repositories: ['team/**'], actions: [push, pull] }
  - { who: [authenticated], repositories: ['home/\${user}/*'], actions: ['*'] }
  - who: [{ all: ['claim:iss=https://ci.example', 'claim:sub~repo:acme/*'] }]
    repositories: ['acme/**']
    actions: [push]
  - { who: ['certificate:CN=ci'], repositories: ['team/**'], actions: [push] }
  - { who: [anonymous, authenticated], repositories: ['public/**', 'team/open'], actions: [pull] }
  - { who: ['aws:arn:aws:iam::123456789012:role/ci-*'], repositories: ['team/**'], actions: [push] }
  - { who: [anonymous], repositories: ['public/hub/**'], actions: [fetch], effect: deny }
`
const CLAIMS = { iss: 'https://ci.example', sub: 'repo:acme/app' }

/** A token with these claims, which nobody signed. */
const tokenWith = (claims: object): string =>
  `${encode({ alg: 'ES256' })}.${encode(claims)}.${'A'.repeat(86)}\n`

/** A desk with groups in its store, and policies and claims in files. */
const openOffice = async (t: TestContext): Promise<Desk> => {
  const desk = await openDesk(t, openFiles)
  Object.assign(desk.files, {
    'p.yaml': POLICY,
    'claims.json': JSON.stringify(CLAIMS),
    token: tokenWith(CLAIMS),
    'other-token': tokenWith({ ...CLAIMS, sub: 'repo:other/app' }),
    granted: tokenWith({ ...CLAIMS, access: [] }),
    'nothing.json': '[]',
  })
  await editDocument(desk.store, GROUPS_KEY, () => 'dev: alice robot+ci\n')
  return desk
}

const ALLOWED = (rule: number) => ['allowed', `rule ${rule}`] as const
const DENIED = (rule?: number) =>
  ['denied', rule === undefined ? 'no rule is about it' : `rule ${rule}`] as const

test.for([
  ['user:alice', 'team/app', 'push', ALLOWED(2)],
  ['user:bob', 'team/app', 'push', DENIED()],
  ['robot:ci', 'team/app', 'pull', ALLOWED(2)],
  ['robot:old', 'public/app', 'pull', DENIED(1)],
  ['user:alice', 'home/alice/app', 'delete', ALLOWED(3)],
  ['user:alice', 'home/bob/app', 'delete', DENIED()],
  ['user:alice', 'home/alice/app', 'override', DENIED()],
  ['anonymous', 'public/app', 'pull', ALLOWED(6)],
  ['anonymous', 'public/app', 'push', DENIED()],
  ['claims:claims.json', 'acme/app', 'push', ALLOWED(4)],
  ['claims:token', 'acme/app', 'push', ALLOWED(4)],
  ['claims:other-token', 'acme/app', 'push', DENIED()],
  ['claim:sub=repo:acme/app', 'acme/app', 'push', DENIED()],
  ['certificate:CN=ci,O=Acme', 'team/app', 'push', ALLOWED(5)],
  ['certificate:CN=other', 'team/app', 'push', DENIED()],
  ['aws:arn:aws:iam::123456789012:role/ci-a', 'team/app', 'push', ALLOWED(7)],
  ['aws:arn:aws:sts::123456789012:assumed-role/ci-a/job', 'team/app', 'push', ALLOWED(7)],
  ['aws:arn:aws:iam::210987654321:role/ci-a', 'team/app', 'push', DENIED()],
  ['aws:123456789012', 'public/app', 'pull', ALLOWED(6)],
  // What anyone may do, who shows a certificate may do, too.
  ['certificate:CN=other', 'team/open', 'pull', ALLOWED(6)],
  // Whoever may pull may fetch, unless a rule denies it.
  ['user:alice', 'public/hub/app', 'fetch', ALLOWED(6)],
  ['anonymous', 'public/hub/app', 'fetch', DENIED(8)],
  ['anonymous', 'public/hub/app', 'pull', ALLOWED(6)],
  ['user:bob', 'team/app', 'fetch', DENIED()],
  ['robot:old', 'public/hub/app', 'fetch', DENIED(1)],
] as const)('%s on %s: %s', async ([caller, repository, action, [outcome, why]], t) => {
  const { give, ...desk } = await openOffice(t)
  const line = `policy test ${repository} --as ${caller} --action ${action} --file p.yaml`
  expect(await give(line)).toEqual([`${action}\t${outcome}\t${why}`])
  expect(desk.said.at(0)).toContain(`on ${repository}`)
})

test('all actions, by the policy in force, with the rules that decided', async (t) => {
  const desk = await openOffice(t)
  await desk.give('policy set p.yaml')
  expect(await desk.give('policy test team/app --as user:alice')).toEqual([
    'pull\tallowed\trule 2',
    'push\tallowed\trule 2',
    'delete\tdenied\tno rule is about it',
    'override\tdenied\tno rule is about it',
    'admin\tdenied\tno rule is about it',
    'fetch\tallowed\trule 2',
  ])
  expect(desk.said).toEqual([
    'user:alice on team/app, by these rules:',
    '  rule 2:',
    '    who: [ group:dev ]',
    '    repositories: [ team/** ]',
    '    actions: [ push, pull ]',
  ])
  expect(desk.code).toBe(0)
})

test.for([
  ['user:alice', 'push', 0],
  ['user:bob', 'push', 1],
] as const)('%s asks to %s: it exits with %i', async ([caller, action, code], t) => {
  const desk = await openOffice(t)
  await desk.give(`policy test team/app --as ${caller} --action ${action} --file p.yaml`)
  expect(desk.code).toBe(code)
})

test('a token that says itself what it allows is not decided by the policy', async (t) => {
  const { give, said } = await openOffice(t)
  await give('policy test acme/app --as claims:granted --file p.yaml')
  expect(said[0]).toMatch(/the policy is not asked/)
})

test.for([
  ['team/app --as group:dev', /"group:dev" is not a caller: expected anonymous, user:NAME/],
  ['team/app --as claim:sub', /"claim:sub" is not a caller/],
  ['team/app --as claims:nothing.json', /nothing.json has neither a token nor its claims/],
  ['team/app --as user:robot+ci', /"robot\+ci" is not a valid user name/],
  ['team/app --as certificate:ci', /"ci": expected attributes, as in certificate:CN=ci/],
  [
    'team/app --action read',
    /"read" is not an action: expected pull, push, delete, override, admin, fetch/,
  ],
  ['Team/app', /"Team\/app" is not a valid repository name/],
] as const)('policy test %s is refused', async ([given, message], t) => {
  const { give } = await openOffice(t)
  const failure = await give(`policy test ${given} --file p.yaml`).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(UsageError)
  expect(String(failure)).toMatch(message)
})

test('without a policy there is nothing to test', async (t) => {
  const { give } = await openOffice(t)
  await expect(give('policy test team/app')).rejects.toThrow('there is no policy')
})
