/**
 * Forged tokens of other issuers, each one change away from a valid one: as a password, as that of a robot, exchanged
 * (RFC 8693), and as a Bearer token. test/auth/tokens-refused.test.ts has more of them for the verifier alone.
 *
 * @module
 */

import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { formatBindings } from '../../functions/auth/accounts/bindings.ts'
import { ISSUERS_KEY, ROBOT_CLAIMS_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { type Draft, ec, forge, jwkOf, rsa } from '../auth/tokens-forge.ts'
import type { Answer } from '../support/hosts/host.ts'
import { type AccessRig, basic, bearer, jsonOf, sharedRig } from './rig.ts'

const ONE = 'https://one.example'
const TWO = 'https://two.example'
const SUBJECT = 'system:serviceaccount:ci:push'
/** Two clusters, which call their keys the same and have the same subjects. */
const KEYS = { one: ec(), two: ec(), rsa: rsa(), unknown: ec() }
const JWKS = {
  one: [jwkOf(KEYS.one, { kid: 'shared' }), jwkOf(KEYS.rsa, { kid: 'rsa' })],
  two: [jwkOf(KEYS.two, { kid: 'shared' })],
}
const ISSUERS = {
  version: 1,
  issuers: [
    { issuer: ONE, jwks: { keys: JWKS.one } },
    { issuer: TWO, jwks: { keys: JWKS.two } },
  ],
}

const of = (issuer: string) => ({ all: [`claim:iss=${issuer}`, `claim:sub=${SUBJECT}`] })
const push = (who: object | string, repository: string) => ({
  who: [who],
  repositories: [repository],
  actions: ['pull', 'push'],
})
const RULES = [push(of(ONE), 'one'), push(of(TWO), 'two'), push('robot:ci', 'one')]
const opened = sharedRig({ robots: ['ci'], policy: JSON.stringify({ version: 1, rules: RULES }) })
let prepared: Promise<unknown> | undefined
const open = async (): Promise<AccessRig> => {
  const rig = opened()
  const bindings = new Map([['ci', [`iss=${ONE}`, `sub=${SUBJECT}`]]])
  prepared ??= Promise.all([
    write(rig.store, ISSUERS_KEY, JSON.stringify(ISSUERS)),
    write(rig.store, ROBOT_CLAIMS_KEY, formatBindings(bindings)),
  ])
  await prepared
  return rig
}

const seconds = (rig: AccessRig): number => Math.floor(rig.clock.now() / 1000)
const valid = (rig: AccessRig, issuer = ONE, key = KEYS.one): Draft => ({
  header: { typ: 'JWT', alg: 'ES256', kid: 'shared' },
  claims: { iss: issuer, sub: SUBJECT, aud: 'slipway', exp: seconds(rig) + 300 },
  key,
})

const SCOPE = ['one', 'two'].map((name) => `scope=repository:${name}:pull,push`).join('&')
type Way = (rig: AccessRig, token: string) => Promise<Answer>
const asPassword =
  (name: string): Way =>
  (rig, token) =>
    rig.send(`GET /token?${SCOPE}`, { as: basic(name, token) })

/** Each asks for the right to push to both repositories. */
const TOKEN_WAYS: Readonly<Record<string, Way>> = {
  'the password of any name': asPassword('token'),
  'the password of a robot': asPassword('robot+ci'),
  'a subject token': (rig, token) => {
    const type = 'urn:ietf:params:oauth:token-type:jwt'
    const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
    const form = `grant_type=${grant}&subject_token_type=${type}&subject_token=${token}&${SCOPE}`
    return rig.send('POST /token', {
      body: Buffer.from(form),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
  },
}

const asBearer =
  (repository: string): Way =>
  (rig, token) =>
    rig.send(`POST /v2/${repository}/blobs/uploads/`, { as: bearer(token) })

const WAYS: Readonly<Record<string, Way>> = { ...TOKEN_WAYS, 'a Bearer token': asBearer('one') }

type Forgery = readonly [name: string, forge: (valid: Draft, now: number) => Draft, reason: string]

const header =
  (more: object, rest: Partial<Draft> = {}) =>
  (draft: Draft) => ({
    ...draft,
    header: { ...draft.header, ...more },
    ...rest,
  })
const claims = (more: (now: number) => object) => (draft: Draft, now: number) => ({
  ...draft,
  claims: { ...draft.claims, ...more(now) },
})
const pem = (key: typeof KEYS.one): string =>
  createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()

const FORGERIES: readonly Forgery[] = [
  ['alg none', header({ alg: 'none' }), 'signed with "none"|wrong name or password'],
  ['alg none with a signature', header({ alg: 'none' }, { signWith: 'ES256' }), 'is signed with'],
  [
    'HS256 with the public key, PEM',
    header({ alg: 'HS256' }, { key: pem(KEYS.one) }),
    'is signed with',
  ],
  [
    'HS256 with the public RSA key, PEM',
    header({ alg: 'HS256', kid: 'rsa' }, { key: pem(KEYS.rsa) }),
    'is signed with',
  ],
  [
    'HS256 with the public key, JWK',
    header({ alg: 'HS256' }, { key: JSON.stringify(JWKS.one[0]) }),
    'is signed with',
  ],
  [
    'the key of another issuer with the same kid',
    (draft) => ({ ...draft, key: KEYS.two }),
    'signature',
  ],
  ['keys swapped: the kid of another kind of key', header({ kid: 'rsa' }), 'is signed with'],
  [
    "keys swapped: RSA under the other's kid",
    header({ alg: 'RS256' }, { key: KEYS.rsa }),
    'is signed with',
  ],
  ['an unknown kid', header({ kid: 'other' }), 'unknown-key|key'],
  [
    'an unknown key in the header',
    header({ jwk: jwkOf(KEYS.unknown) }, { key: KEYS.unknown }),
    'signature',
  ],
  ['an unknown crit', header({ crit: ['x'], x: 1 }), 'crit'],
  ['another type', header({ typ: 'dpop+jwt' }), 'not accepted here'],
  ['an issuer that nobody trusts', claims(() => ({ iss: 'https://three.example' })), 'not trusted'],
  ['the issuer with a slash', claims(() => ({ iss: `${ONE}/` })), 'not trusted'],
  ['no issuer', claims(() => ({ iss: undefined })), 'not trusted'],
  ['the name of this registry', claims(() => ({ iss: 'slipway', kind: 'robot' })), 'key|kid'],
  ['a wrong aud', claims(() => ({ aud: 'sts.amazonaws.com' })), 'another service'],
  ['several wrong aud', claims(() => ({ aud: ['slipway.example', 'a'] })), 'another service'],
  ['no aud', claims(() => ({ aud: undefined })), 'aud'],
  ['expired', claims((now) => ({ exp: now - 61 })), 'expired'],
  ['no exp', claims(() => ({ exp: undefined })), 'exp'],
  ['not yet valid', claims((now) => ({ nbf: now + 61 })), 'not valid yet'],
  ['issued in the future', claims((now) => ({ iat: now + 61 })), 'in the future'],
  ['huge', claims(() => ({ more: 'x'.repeat(16 * 1024) })), 'allowed'],
  [
    'another subject under the signature',
    (draft) => ({
      ...draft,
      after: (token) => {
        const [head, , signature] = token.split('.')
        const body = Buffer.from(JSON.stringify({ ...draft.claims, more: 1 })).toString('base64url')
        return [head, body, signature].join('.')
      },
    }),
    'signature',
  ],
  [
    'without a signature',
    (draft) => ({ ...draft, after: (token) => token.replace(/[^.]+$/, '') }),
    'signature|wrong name or password|not a signed',
  ],
]

describe.each(Object.entries(WAYS))('as %s', (_, send) => {
  test('the valid one is accepted', async () => {
    const rig = await open()
    expect((await send(rig, forge(valid(rig)))).status).toBeLessThan(300)
  })

  test.each(FORGERIES)('%s is refused', async (_, change, reason) => {
    const rig = await open()
    const answer = await send(rig, forge(change(valid(rig), seconds(rig))))
    expect(answer.status).toBe(401)
    expect(jsonOf(answer).errors[0].message).toMatch(new RegExp(reason))
  })
})

describe('two clusters with the same subjects and names of keys', () => {
  const BOTH = [
    [ONE, KEYS.one, 'one', 'two'],
    [TWO, KEYS.two, 'two', 'one'],
  ] as const

  test.each(BOTH)('%s may what its own rule allows', async (issuer, key, own, other) => {
    const rig = await open()
    const token = forge(valid(rig, issuer, key))
    for (const way of ['the password of any name', 'a subject token']) {
      const response = jsonOf(await TOKEN_WAYS[way]!(rig, token))
      expect(response.scope).toBe(`repository:${own}:pull,push`)
      expect((await asBearer(own)(rig, response.token)).status).toBe(202)
      expect((await asBearer(other)(rig, response.token)).status).toBe(401)
    }
    expect((await asBearer(own)(rig, token)).status).toBe(202)
    expect((await asBearer(other)(rig, token)).status).toBe(401)
  })

  test('the robot of one is not that of the other', async () => {
    const rig = await open()
    const answer = await asPassword('robot+ci')(rig, forge(valid(rig, TWO, KEYS.two)))
    expect(answer.status).toBe(401)
    expect(jsonOf(answer).errors[0].message).toContain(
      'its claim "iss" is not as the robot demands',
    )
  })
})
