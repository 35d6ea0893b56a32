/**
 * Tokens of other issuers at the token endpoint: as the password of any user name, and exchanged (RFC 8693).
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ISSUERS_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
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
  type More,
  openRig,
  policyText,
  sharedRig,
} from './rig.ts'

const TYPES = 'urn:ietf:params:oauth:token-type'
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const CLAIMS = { repository: 'example/app', ref: 'refs/heads/main' }
const RULES = [
  { who: ['claim:repository=example/app'], repositories: ['app/**'], actions: ['pull', 'push'] },
  { who: ['user:alice'], repositories: ['**'], actions: ['*'] },
]
const DOCUMENTS = { users: { alice: 'right horse' }, robots: ['ci'], policy: RULES, foreign: true }
const SCOPE = 'repository:app/a:pull,push'
const shared = sharedRig(DOCUMENTS)

const form = (fields: Readonly<Record<string, string>>): More => ({
  body: Buffer.from(new URLSearchParams(fields).toString()),
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
})

type Ask = (rig: AccessRig, token: string, scope: string) => ReturnType<AccessRig['send']>

const query = (scope: string): string =>
  `GET /token?service=slipway&offline_token=true&scope=${encodeURIComponent(scope)}`

/** The ways in which a token of another issuer is presented. */
const WAYS: Readonly<Record<string, Ask>> = {
  'the password of any name': (rig, token, scope) =>
    rig.send(query(scope), { as: basic('x', token) }),
  "the password of a user's name": (rig, token, scope) =>
    rig.send(query(scope), { as: basic('alice', token) }),
  'the password of a form': (rig, token, scope) =>
    rig.send(
      'POST /token',
      form({
        grant_type: 'password',
        username: 'x',
        password: token,
        scope,
        access_type: 'offline',
      }),
    ),
  ...Object.fromEntries(
    ['jwt', 'id_token', 'access_token'].map((type): [string, Ask] => [
      `the subject token, as ${type}`,
      (rig, token, scope) =>
        rig.send(
          'POST /token',
          form({
            grant_type: GRANT,
            subject_token: token,
            subject_token_type: `${TYPES}:${type}`,
            audience: 'slipway',
            scope,
          }),
        ),
    ]),
  ),
}

const asPassword = WAYS['the password of any name']!

describe.each(Object.entries(WAYS))('as %s', (_, ask) => {
  test('a token of ours is issued, bound to its claims and no longer than it', async () => {
    const rig = shared()
    const now = Math.floor(rig.clock.now() / 1000)
    const answer = await ask(
      rig,
      foreignToken(rig.clock.now(), { ...CLAIMS, exp: now + 40 }),
      SCOPE,
    )
    expect(answer.status).toBe(200)
    const response = jsonOf(answer)
    expect(response).toMatchObject({
      scope: SCOPE,
      issued_token_type: `${TYPES}:access_token`,
      token_type: 'Bearer',
    })
    expect(response.expires_in).toBeLessThanOrEqual(40)
    expect(response).not.toHaveProperty('refresh_token')
    const claims = claimsOf(response.token)
    expect(claims).toMatchObject({ sub: 'someone', kind: 'token', iss: 'slipway' })
    expect(claims.exp).toBeLessThanOrEqual(now + 40)
    const as = bearer(response.token)
    expect((await rig.send('POST /v2/app/a/blobs/uploads/', { as })).status).toBe(202)
    expect((await rig.send('POST /v2/other/a/blobs/uploads/', { as })).status).toBe(401)
  })

  test('it lives five minutes of one that lives longer', async () => {
    const rig = shared()
    const exp = Math.floor(rig.clock.now() / 1000) + 3600
    const answer = await ask(rig, foreignToken(rig.clock.now(), { ...CLAIMS, exp }), SCOPE)
    expect(jsonOf(answer).expires_in).toBe(300)
  })

  test('what the policy does not allow by its claims is not granted', async () => {
    const rig = shared()
    const token = foreignToken(rig.clock.now(), { ...CLAIMS, sub: 'alice' })
    const answer = await ask(rig, token, 'repository:private:pull,push')
    expect(answer.status).toBe(200)
    expect(jsonOf(answer).scope).toBe('')
  })

  test.each<[string, string, (rig: AccessRig) => Promise<string> | string]>([
    [
      'of an issuer that is not trusted',
      'not trusted',
      (rig) => foreignToken(rig.clock.now(), { ...CLAIMS, iss: 'https://evil.example' }),
    ],
    [
      'signed with another key',
      'invalid signature',
      (rig) => foreignToken(rig.clock.now(), CLAIMS, ec()),
    ],
    [
      'for another audience',
      'another service',
      (rig) => foreignToken(rig.clock.now(), { ...CLAIMS, aud: 'sts.example' }),
    ],
    [
      'without an audience',
      'no valid claim "aud"',
      (rig) => foreignToken(rig.clock.now(), { ...CLAIMS, aud: undefined }),
    ],
    ['that has expired', 'expired', (rig) => foreignToken(rig.clock.now() - 3_600_000, CLAIMS)],
    ['that has just expired', 'expired', (rig) => foreignToken(rig.clock.now() - 310_000, CLAIMS)],
    [
      'that is not valid yet',
      'not valid yet',
      (rig) => foreignToken(rig.clock.now(), { ...CLAIMS, nbf: rig.clock.now() / 1000 + 600 }),
    ],
    [
      'that grants itself',
      'what it grants',
      (rig) => foreignToken(rig.clock.now(), { ...CLAIMS, access: [] }),
    ],
    [
      'of ours',
      'this registry issued',
      async (rig) =>
        jsonOf(await rig.send(query(SCOPE), { as: basic('alice', 'right horse') })).token,
    ],
    [
      'of ours that was issued for another',
      'this registry issued',
      async (rig) =>
        jsonOf(await asPassword(rig, foreignToken(rig.clock.now(), CLAIMS), SCOPE)).token,
    ],
    [
      'that is a refresh token of ours',
      'not accepted here',
      async (rig) =>
        jsonOf(await rig.send(query(SCOPE), { as: basic('alice', 'right horse') })).refresh_token,
    ],
    [
      'with claims of 9,000 bytes that rules look at',
      'let rules name short ones',
      (rig) => foreignToken(rig.clock.now(), { repository: noise(9000) }),
    ],
  ])('one %s is refused', async (_, message, make) => {
    const rig = shared()
    const answer = await ask(rig, await make(rig), SCOPE)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toBe('Basic realm="slipway"')
    expect(jsonOf(answer).errors[0].message).toContain(message)
  })
})

/** Text that does not compress. */
const noise = (length: number, from = 0): string => {
  let text = ''
  for (let at = from; text.length < length; at += 1) {
    text += createHash('sha256').update(String(at)).digest('hex')
  }
  return text.slice(0, length)
}

describe('a form that is no exchange', () => {
  test.each([
    ['no subject_token_type', { grant_type: GRANT }, 'subject_token_type ""'],
    [
      'SAML',
      { grant_type: GRANT, subject_token: 'x', subject_token_type: `${TYPES}:saml2` },
      'expected urn:ietf:params:oauth:token-type:jwt or',
    ],
    [
      'a refresh token requested',
      {
        grant_type: GRANT,
        subject_token: 'x',
        subject_token_type: `${TYPES}:jwt`,
        requested_token_type: `${TYPES}:refresh_token`,
      },
      'requested_token_type',
    ],
    [
      'an actor',
      { grant_type: GRANT, subject_token_type: `${TYPES}:jwt`, actor_token: 'x' },
      'actor_token is not supported',
    ],
  ])('%s is 400', async (_, fields, message) => {
    const answer = await shared().send('POST /token', form(fields))
    expect(answer.status).toBe(400)
    expect(jsonOf(answer).errors[0].message).toContain(message)
  })

  test('no subject_token is 401', async () => {
    const fields = { grant_type: GRANT, subject_token_type: `${TYPES}:jwt` }
    expect((await shared().send('POST /token', form(fields))).status).toBe(401)
  })
})

const issued = async (rig: AccessRig, claims: object = {}): Promise<string> => {
  const answer = await asPassword(
    rig,
    foreignToken(rig.clock.now(), { ...CLAIMS, ...claims }),
    SCOPE,
  )
  expect(answer.status, answer.body.toString()).toBe(200)
  return bearer(jsonOf(answer).token)
}

const canPush = async (rig: AccessRig, as: string): Promise<number> =>
  (await rig.send('POST /v2/app/a/blobs/uploads/', { as })).status

describe('what is revoked ends', () => {
  test.each<[string, (rig: AccessRig) => Promise<unknown>]>([
    [
      'the rule that its claims meet',
      (rig) => write(rig.store, POLICY_KEY, policyText(RULES.slice(1))),
    ],
    [
      'its issuer',
      (rig) => write(rig.store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers: [] })),
    ],
  ])('%s', async (_, revoke) => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const as = await issued(rig)
    const begun = await rig.send('POST /v2/app/a/blobs/uploads/', { as })
    expect(begun.status).toBe(202)
    await revoke(rig)
    rig.clock.pass(30_000)
    expect(await canPush(rig, as)).toBe(401)
    const { bytes } = blob('late', 10)
    const patched = await rig.send(`PATCH ${begun.headers.get('Location')}`, { body: bytes })
    expect(patched.status).toBe(401)
  })
})

describe('more claims than fit', () => {
  const MANY = { groups: Array.from({ length: 60 }, (_, at) => noise(64, at)), sub: 'someone' }

  test('those that rules look at are enough, until rules look at others', async () => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const as = await issued(rig, MANY)
    expect(await canPush(rig, as)).toBe(202)
    const denied = { who: ['claim:groups=x'], repositories: ['**'], actions: ['*'], effect: 'deny' }
    await write(rig.store, POLICY_KEY, policyText([denied as (typeof RULES)[0], ...RULES]))
    rig.clock.pass(30_000)
    const refused = await rig.send('POST /v2/app/a/blobs/uploads/', { as })
    expect(refused.status).toBe(401)
    expect(jsonOf(refused).errors[0].message).toContain('request another')
  })

  test('an upload goes on with the token alone', async () => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const as = await issued(rig, MANY)
    const begun = await rig.send('POST /v2/app/a/blobs/uploads/', { as })
    const { bytes } = blob('late', 10)
    const location = begun.headers.get('Location')
    expect((await rig.send(`PATCH ${location}`, { body: bytes })).status).toBe(401)
    expect((await rig.send(`PATCH ${location}`, { body: bytes, as })).status).toBe(202)
  })
})

test('the audit trail names who logged in, and how', async () => {
  const rig = await openRig({ onTestFinished }, DOCUMENTS)
  await issued(rig)
  expect(rig.events()).toMatchObject([
    { event: 'login', what: 'token', who: 'token:someone', outcome: 'ok' },
    { event: 'grant', who: 'token:someone', what: SCOPE, outcome: 'ok' },
  ])
})

describe('where there is no token endpoint', () => {
  const plain = sharedRig({ ...DOCUMENTS, args: ['--auth=basic'] })
  const push = (token: string, repository = 'app/a') =>
    plain().send(`POST /v2/${repository}/blobs/uploads/`, { as: basic('x', token) })

  test('the token is taken as the password of each request', async () => {
    const token = foreignToken(plain().clock.now(), CLAIMS)
    const begun = await push(token)
    expect(begun.status).toBe(202)
    const upload = begun.headers.get('Location') ?? ''
    expect((await plain().send(`GET ${upload}`, { as: basic('x', token) })).status).toBe(204)
    // Denied, not asked for a password again.
    expect((await push(token, 'other/a')).status).toBe(403)
    expect(plain().events().at(-1)).toMatchObject({ outcome: 'failed' })
  })

  test.each<[why: string, claims: object, more: string]>([
    ['it has expired', { exp: 1 }, ''],
    ['it is for somebody else', { aud: 'other' }, ''],
    ['it grants something itself', { access: [] }, ''],
    ['its signature is of something else', {}, 'A'],
  ])('401 where %s', async (_, claims, more) => {
    const token = foreignToken(plain().clock.now(), { ...CLAIMS, ...claims })
    const answer = await push(more === '' ? token : `${token.slice(0, -8)}${more.repeat(8)}`)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toBe('Basic realm="slipway"')
  })

  test('one of ours is not a password', async () => {
    const rig = shared()
    const token = foreignToken(rig.clock.now(), CLAIMS)
    const own = jsonOf(await asPassword(rig, token, SCOPE)).token
    const answer = await rig.send('POST /v2/app/a/blobs/uploads/', { as: basic('x', own) })
    expect(answer.status).toBe(401)
  })
})
