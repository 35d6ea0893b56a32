/**
 * `slipway issuers add`: what it trusts, and the rule that it says is safe: who it lets in, and who it does not.
 *
 * @module
 */

import { describe, expect, type TestContext, test } from 'vitest'
import { readDocument } from '../../functions/auth/document.ts'
import { parseIssuers } from '../../functions/auth/issuers/document.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { allows } from '../../functions/auth/policy/policy.ts'
import { UsageError } from '../../functions/cli/errors.ts'
import { ISSUERS_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { DocumentError } from '../../functions/shared/errors.ts'
import { openFiles } from '../support/rig/stores.ts'
import { type Desk, openDesk } from './desk.ts'

const FOR_US = '--audience registry.example --repositories team/**'
const CLUSTER = '--url https://oidc.eks.eu-west-1.amazonaws.com/id/AB12'

const open = (t: TestContext): Promise<Desk> => openDesk(t, openFiles)

const GITHUB = {
  iss: 'https://token.actions.githubusercontent.com',
  repository: 'acme/app',
  repository_id: '4711',
  ref: 'refs/heads/main',
  ref_protected: 'true',
  event_name: 'push',
}
const GITLAB = {
  iss: 'https://gitlab.com',
  project_path: 'acme/app',
  project_id: '4711',
  ref: 'main',
  ref_protected: 'true',
  pipeline_source: 'push',
}
const GOOGLE = { iss: 'https://accounts.google.com', sub: '1234567890', email: 'ci@acme.example' }
const KUBERNETES = {
  iss: 'https://oidc.eks.eu-west-1.amazonaws.com/id/AB12',
  sub: 'system:serviceaccount:builds:runner',
}
const OTHER = { iss: 'https://id.acme.example/realms/ci', sub: 'runner' }

/** What is added, whom that lets in, and what of them must not be otherwise. */
const TABLE = [
  ['github --id 4711', GITHUB, ['iss', 'repository_id', 'ref_protected', 'event_name']],
  ['github --id 4711 --ref refs/heads/main', GITHUB, ['repository_id', 'ref', 'ref_protected']],
  ['github --id 4711 --ref refs/heads/*', GITHUB, ['ref', 'ref_protected']],
  ['gitlab --id 4711', GITLAB, ['iss', 'project_id', 'ref_protected', 'pipeline_source']],
  [
    'gitlab --id 4711 --url https://git.acme.example/',
    { ...GITLAB, iss: 'https://git.acme.example' },
    ['iss', 'project_id'],
  ],
  ['google --id 1234567890', GOOGLE, ['iss', 'sub']],
  [`kubernetes --id builds:runner ${CLUSTER}`, KUBERNETES, ['iss', 'sub']],
  [`${OTHER.iss} --id runner`, OTHER, ['iss', 'sub']],
] as const

/** What a claim is where strangers can make it so. */
const STRANGE: Readonly<Record<string, string>> = {
  event_name: 'pull_request_target',
  pipeline_source: 'merge_request_event',
  ref_protected: 'false',
  ref: 'refs/pull/1/merge',
}

describe.each(TABLE)('issuers add %s', (given, claims, demanded) => {
  const mayPush = async ({ store }: Desk, its: object, repository = 'team/app') => {
    const policy = parsePolicy((await readDocument(store, POLICY_KEY)) ?? '')
    const identity = { kind: 'token', name: '', groups: [], claims: { ...its } } as const
    return allows(policy, identity, repository, 'push')
  }

  test('lets those in who are meant, and nobody of whom any of it is otherwise', async (t) => {
    const desk = await open(t)
    await desk.give(`issuers add ${given} ${FOR_US} --add-rule`)
    expect(desk.said.join('\n')).toMatch(/^https:\S+ is trusted\. /m)
    const [issuer, ...more] = await parseIssuers(await readDocument(desk.store, ISSUERS_KEY))
    expect([issuer, more]).toEqual([{ issuer: claims.iss, audience: 'registry.example' }, []])
    expect(await mayPush(desk, claims)).toBe(true)
    expect(await mayPush(desk, claims, 'other/app')).toBe(false)
    for (const name of demanded) {
      const other = { ...claims, [name]: STRANGE[name] ?? `${Reflect.get(claims, name)}0` }
      expect(await mayPush(desk, other), name).toBe(false)
      const { [name as keyof typeof other]: _, ...without } = other
      expect(await mayPush(desk, without), `without ${name}`).toBe(false)
    }
  })

  test('without --add-rule the rule is printed, and nothing is allowed', async (t) => {
    const desk = await open(t)
    const lines = await desk.give(`issuers add ${given} ${FOR_US}`)
    expect(await readDocument(desk.store, POLICY_KEY)).toBeUndefined()
    desk.files['p.yaml'] = `version: 1\nrules:\n${lines.join('\n')}\n`
    await desk.give('policy set p.yaml')
    expect(await mayPush(desk, claims)).toBe(true)
  })
})

test('what is there stays, comments too; a second time nothing changes', async (t) => {
  const desk = await open(t)
  desk.files['i.yaml'] =
    'version: 1\nissuers:\n  # Ours.\n  - issuer: https://id.example\n    audience: x\n'
  desk.files['p.yaml'] =
    "version: 1\nrules:\n  # All.\n  - { who: [authenticated], repositories: ['a/**'], actions: [pull] }\n"
  await desk.give('policy set p.yaml')
  await desk.store.put(ISSUERS_KEY, Buffer.from(desk.files['i.yaml']))
  for (const said of [/is trusted/, /was trusted already/]) {
    await desk.give(`issuers add gitlab --id 1 ${FOR_US}`)
    expect(desk.said.join('\n')).toMatch(said)
  }
  const text = (await readDocument(desk.store, ISSUERS_KEY)) ?? ''
  expect(text).toContain('  # Ours.\n')
  expect((await parseIssuers(text)).map(({ issuer }) => issuer)).toEqual([
    'https://id.example',
    'https://gitlab.com',
  ])
  await desk.give(`issuers add gitlab --id 1 ${FOR_US} --add-rule`)
  const policy = (await readDocument(desk.store, POLICY_KEY)) ?? ''
  expect(policy).toContain('  # All.\n')
  expect(parsePolicy(policy).rules).toHaveLength(2)
})

test('a robot is bound to what a rule would demand', async (t) => {
  const desk = await open(t)
  await desk.give('robot add ci --without-secret')
  await desk.give('issuers add gitlab --id 77 --ref v* --audience registry.example --robot ci')
  expect(desk.said.join('\n')).toMatch(
    /gitlab\.com is trusted\..*\nTokens with all of these claims/,
  )
  expect(desk.said.join('\n')).not.toMatch(/not trusted yet/)
  expect(await desk.give('robot show ci')).toEqual([
    'claim\tiss=https://gitlab.com',
    'claim\tproject_id=77',
    'claim\tpipeline_source!=merge_request_event',
    'claim\tref_protected=true',
    'claim\tref~v*',
  ])
  expect(await readDocument(desk.store, POLICY_KEY)).toBeUndefined()
})

test.for([
  ['--robot ci', /there is no robot "ci"/],
  ['--robot ci --repositories a', /--robot is in place of a rule: leave out/],
  ['--robot ci --add-rule', /--robot is in place of a rule/],
] as const)('with %s nobody is trusted', async ([more, message], t) => {
  const { store, give } = await open(t)
  const given = `issuers add gitlab --id 1 --audience registry.example ${more}`
  await expect(give(given)).rejects.toThrow(message)
  expect(await readDocument(store, ISSUERS_KEY)).toBeUndefined()
})

test('a cluster with authorities of its own', async (t) => {
  const desk = await open(t)
  desk.files['ca.pem'] = '-----BEGIN CERTIFICATE-----\n'
  const given = `kubernetes --id a:b ${CLUSTER} --ca ca.pem --private-addresses`
  await desk.give(`issuers add ${given} ${FOR_US}`)
  const [issuer] = await parseIssuers(await readDocument(desk.store, ISSUERS_KEY))
  expect(issuer).toMatchObject({ ca: desk.files['ca.pem'], privateAddresses: true })
})

test.for([
  ['bitbucket --id 1', /"bitbucket" is not an issuer: expected github, gitlab, google, kubernetes/],
  ['github', /github needs --id: the number of the repository/],
  ['github --id acme/app', /"acme\/app" is not the number of the repository/],
  ['google --id ci@acme.example', /not its e-mail address/],
  ['google --id 1 --ref main', /tokens of google name no --ref/],
  ['kubernetes --id a:b', /kubernetes needs --url: the issuer of the cluster/],
  [`kubernetes --id a ${CLUSTER}`, /"a" is not NAMESPACE:SERVICEACCOUNT/],
  ['gitlab --id 1 --url git.example', /"git.example" is not an https URL/],
] as const)('issuers add %s is refused', async ([given, message], t) => {
  const desk = await open(t)
  const failure = await desk.give(`issuers add ${given} ${FOR_US}`).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(UsageError)
  expect(String(failure)).toMatch(message)
})

test.for([
  ['--repositories team/**', UsageError, /--audience is missing/],
  ['--audience registry.example', UsageError, /--repositories is missing/],
  ['--audience x --repositories team/[a]', DocumentError, /policy/],
  ['--audience x --repositories a --actions read', DocumentError, /actions/],
] as const)('with %s nobody is trusted', async ([more, kind, message], t) => {
  const { store, give } = await open(t)
  const failure = await give(`issuers add gitlab --id 1 ${more}`).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(kind)
  expect(String(failure)).toMatch(message)
  expect(await readDocument(store, ISSUERS_KEY)).toBeUndefined()
})

test('an issuer that is there for another audience is left as it is', async (t) => {
  const desk = await open(t)
  await desk.give(`issuers add gitlab --id 1 ${FOR_US}`)
  await expect(
    desk.give('issuers add gitlab --id 1 --audience other.example --repositories a'),
  ).rejects.toThrow('is there with the audience "registry.example"')
})
