/**
 * Robots that log in with tokens of other issuers, by the claims that they are bound to.
 *
 * @module
 */

import { describe, expect, onTestFinished, test } from 'vitest'
import { formatBindings } from '../../functions/auth/accounts/bindings.ts'
import { formatRobots } from '../../functions/auth/accounts/robots.ts'
import {
  GROUPS_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  ROBOT_CLAIMS_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { ec } from '../auth/tokens-forge.ts'
import { blob } from '../support/hosts/content.ts'
import {
  type AccessRig,
  basic,
  bearer,
  claimsOf,
  foreignToken,
  jsonOf,
  openRig,
  policyText,
} from './rig.ts'

const BOUND = ['iss=https://tokens.example', 'repository_id=4711', 'ref~refs/tags/v*']
const JOB = { repository_id: '4711', ref: 'refs/tags/v1', jti: 'job-7' }
const RULES = [
  { who: ['group:bots'], repositories: ['app/**'], actions: ['pull', 'push'] },
  { who: ['claim:sub=someone'], repositories: ['others/**'], actions: ['pull', 'push'] },
]
const DOCUMENTS = {
  robots: ['ci', 'other'],
  groups: { bots: ['robot+ci'] },
  policy: RULES,
  foreign: true,
}
const SCOPE = 'repository:app/a:pull,push'
const QUERY = `GET /token?service=slipway&offline_token=true&scope=${SCOPE}`
const START = 'POST /v2/app/a/blobs/uploads/'
/** Within which documents take effect. */
const SOON = 30_000

const bind = (rig: AccessRig, name: string, claims: readonly string[]) =>
  write(rig.store, ROBOT_CLAIMS_KEY, formatBindings(new Map([[name, claims]])))

const open = async (args: readonly string[] = []): Promise<AccessRig> => {
  const rig = await openRig({ onTestFinished }, { ...DOCUMENTS, args })
  await bind(rig, 'ci', BOUND)
  return rig
}

const jobToken = (rig: AccessRig, claims: object = {}): string =>
  foreignToken(rig.clock.now(), { ...JOB, ...claims })

const logIn = (rig: AccessRig, claims: object = {}, name = 'robot+ci') =>
  rig.send(QUERY, { as: basic(name, jobToken(rig, claims)) })

const issued = async (rig: AccessRig): Promise<string> => {
  const answer = await logIn(rig)
  expect(answer.status, answer.body.toString()).toBe(200)
  return bearer(jsonOf(answer).token)
}

test('the token is the robot, in its groups, no longer than the other and not refreshed', async () => {
  const rig = await open()
  const exp = Math.floor(rig.clock.now() / 1000) + 40
  const answer = await logIn(rig, { exp })
  const response = jsonOf(answer)
  expect(response).toMatchObject({ scope: SCOPE, token_type: 'Bearer' })
  expect(response).not.toHaveProperty('refresh_token')
  expect(response.expires_in).toBeLessThanOrEqual(40)
  const claims = claimsOf(response.token)
  expect(claims).toMatchObject({ sub: 'robot+ci', kind: 'robot' })
  expect(claims.exp).toBeLessThanOrEqual(exp)
  // Nothing of the job is in it but its issuer.
  expect(claims.ext).toEqual({ iss: 'https://tokens.example' })
  const as = bearer(response.token)
  expect((await rig.send(START, { as })).status).toBe(202)
  // What the claims alone may do, the robot may not.
  expect((await rig.send('POST /v2/others/a/blobs/uploads/', { as })).status).toBe(401)
})

test('it lives five minutes of one that lives longer', async () => {
  const rig = await open()
  const exp = Math.floor(rig.clock.now() / 1000) + 3600
  expect(jsonOf(await logIn(rig, { exp })).expires_in).toBe(300)
})

test('a form takes it, too', async () => {
  const rig = await open()
  const fields = { grant_type: 'password', username: 'robot+ci', password: jobToken(rig) }
  const answer = await rig.send('POST /token', {
    body: Buffer.from(new URLSearchParams({ ...fields, scope: SCOPE }).toString()),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  expect(jsonOf(answer).scope).toBe(SCOPE)
})

test('the secret of the robot goes on to work, and a token under another name is its own', async () => {
  const rig = await open()
  const secret = rig.secrets.get('ci') ?? ''
  expect((await rig.send(QUERY, { as: basic('robot+ci', secret) })).status).toBe(200)
  const answer = await logIn(rig, {}, 'token')
  expect(claimsOf(jsonOf(answer).token)).toMatchObject({ sub: 'someone', kind: 'token' })
  expect(jsonOf(answer).scope).toBe('')
})

describe('refused', () => {
  test.each<[string, object, string, string]>([
    [
      'a claim that is otherwise',
      { repository_id: '4712' },
      'robot+ci',
      'its claim "repository_id" is not as',
    ],
    ['a claim that is not there', { ref: undefined }, 'robot+ci', 'it has no claim "ref"'],
    [
      'a robot that is bound to nothing',
      {},
      'robot+other',
      'no such robot that logs in with a token',
    ],
    ['a robot that is not there', {}, 'robot+nobody', 'no such robot that logs in with a token'],
    ['a name that no robot can have', {}, 'robot+', 'no such robot'],
    ['a token for another service', { aud: 'sts.example' }, 'robot+ci', 'for another service'],
    ['a token that has expired', { exp: 1 }, 'robot+ci', 'expired'],
    ['a token that grants itself', { access: [] }, 'robot+ci', 'what it grants'],
    ['an issuer that is not trusted', { iss: 'https://evil.example' }, 'robot+ci', 'not trusted'],
  ])('%s', async (_, claims, name, message) => {
    const rig = await open()
    for (const { send } of [rig, await rig.beside(['--auth=basic'])]) {
      const request = send === rig.send ? QUERY : START
      const answer = await send(request, { as: basic(name, jobToken(rig, claims)) })
      expect(answer.status).toBe(401)
      expect(jsonOf(answer).errors[0].message).toContain(message)
      expect(answer.body.toString()).not.toMatch(/4711|refs\/tags/)
    }
    expect(rig.events()).toContainEqual(
      expect.objectContaining({ event: 'login', who: `robot:${name}`, outcome: 'failed' }),
    )
  })

  test('a token that is signed with another key', async () => {
    const rig = await open()
    const token = foreignToken(rig.clock.now(), JOB, ec())
    expect((await rig.send(QUERY, { as: basic('robot+ci', token) })).status).toBe(401)
  })

  test('a token of ours that was issued for the robot', async () => {
    const rig = await open()
    const token = (await issued(rig)).slice('Bearer '.length)
    expect((await rig.send(QUERY, { as: basic('robot+ci', token) })).status).toBe(401)
  })
})

describe('what is revoked ends, and so do uploads', () => {
  test.each<[string, (rig: AccessRig) => Promise<unknown>]>([
    [
      'the robot is bound to nothing',
      (rig) => write(rig.store, ROBOT_CLAIMS_KEY, formatBindings(new Map())),
    ],
    ['the robot is bound to other claims', (rig) => bind(rig, 'ci', [...BOUND, 'sub=someone'])],
    ['the robot is removed', (rig) => write(rig.store, ROBOTS_KEY, formatRobots(new Map()))],
    ['the robot leaves its group', (rig) => write(rig.store, GROUPS_KEY, 'bots:\n')],
    ['the rule goes', (rig) => write(rig.store, POLICY_KEY, policyText(RULES.slice(1)))],
    [
      'the issuer is no longer trusted',
      (rig) => write(rig.store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers: [] })),
    ],
  ])('%s', async (_, revoke) => {
    const rig = await open()
    const as = await issued(rig)
    const begun = await rig.send(START, { as })
    const basicBegun = await (await rig.beside(['--auth=basic'])).send(START, {
      as: basic('robot+ci', jobToken(rig)),
    })
    const { bytes } = blob('late', 10)
    expect([begun.status, basicBegun.status]).toEqual([202, 202])
    await revoke(rig)
    rig.clock.pass(SOON)
    expect((await rig.send(START, { as })).status).toBe(401)
    for (const { headers } of [begun, basicBegun]) {
      const patched = await rig.send(`PATCH ${headers.get('Location')}`, { body: bytes })
      expect(patched.status).toBe(401)
    }
  })

  test('a new secret ends neither: they were not begun with one', async () => {
    const rig = await open()
    const as = await issued(rig)
    const begun = await rig.send(START, { as })
    await write(rig.store, ROBOTS_KEY, formatRobots(new Map([['ci', []]])))
    rig.clock.pass(SOON)
    expect((await rig.send(START, { as })).status).toBe(202)
    const { bytes } = blob('late', 10)
    const patched = await rig.send(`PATCH ${begun.headers.get('Location')}`, { body: bytes })
    expect(patched.status).toBe(202)
  })
})

test('a document that cannot be read keeps the last; without one before, nobody gets in by it', async () => {
  const rig = await open()
  const as = await issued(rig)
  await write(rig.store, ROBOT_CLAIMS_KEY, '{')
  rig.clock.pass(SOON)
  expect((await rig.send(START, { as })).status).toBe(202)
  const beside = await rig.beside(['--auth=token'])
  const answer = await beside.send(QUERY, { as: basic('robot+ci', jobToken(rig)) })
  expect(answer.status).toBe(503)
  const secret = basic('robot+ci', rig.secrets.get('ci') ?? '')
  expect((await beside.send(QUERY, { as: secret })).status).toBe(200)
})

test('with --auth basic the token is the password of each request', async () => {
  const rig = await open(['--auth=basic'])
  const as = basic('robot+ci', jobToken(rig))
  expect((await rig.send(START, { as })).status).toBe(202)
  expect((await rig.send('POST /v2/others/a/blobs/uploads/', { as })).status).toBe(403)
})

test('the audit trail names the robot, and the id of the token', async () => {
  const rig = await open()
  await issued(rig)
  expect(rig.events()).toMatchObject([
    { event: 'login', what: 'token', who: 'robot:robot+ci', outcome: 'ok', token: 'job-7' },
    { event: 'grant', who: 'robot:robot+ci', what: SCOPE, outcome: 'ok' },
  ])
})
