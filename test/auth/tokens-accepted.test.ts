/**
 * Valid tokens in every form that issuers give them.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { describe, test } from 'vitest'
import { grants } from '../../functions/auth/access.ts'
import { fingerprint } from '../../functions/auth/identity.ts'
import { basePointThumbprint, libtrustId, thumbprint } from '../../functions/auth/keys/key-id.ts'
import { certificateBundle, fixedJwks } from '../../functions/auth/trusted-keys/key-source.ts'
import { certify, type Draft, ec, forge, jwkOf } from './tokens-forge.ts'
import { verifierOf } from './tokens-verifier.ts'
import {
  INTERMEDIATE,
  KEYS,
  LEAF,
  LEAF_OF_ROOT,
  NOW,
  PINNED,
  REFRESH,
  ROOT,
  refreshAt,
  SECONDS,
  SERVICE,
  VALID,
  verifierAt,
} from './tokens-world.ts'

const { own, alpha, single, chain } = VALID

const header = (valid: Draft, more: Readonly<Record<string, unknown>>, key = valid.key): Draft => ({
  ...valid,
  header: { ...valid.header, ...more },
  key,
})
const claims = (valid: Draft, more: Readonly<Record<string, unknown>>): Draft => ({
  ...valid,
  claims: { ...valid.claims, ...more },
})
const publicOf = (key: KeyObject) => createPublicKey(key)
const pinned = new X509Certificate(PINNED.pem).publicKey

const FORMS: Readonly<Record<string, Draft>> = {
  ...Object.fromEntries(
    Object.values(VALID).map((each) => [`${each.claims.iss}, ${each.header.alg}`, each]),
  ),
  'kid: libtrust fingerprint': header(alpha, { kid: libtrustId(publicOf(KEYS.alpha)) }),
  'kid: RFC 7638 thumbprint': header(alpha, { kid: await thumbprint(publicOf(KEYS.alpha)) }),
  'kid: thumbprint of our own key': header(own, { kid: await thumbprint(publicOf(KEYS.own)) }),
  'kid: libtrust fingerprint, bundle': header(
    chain,
    { x5c: undefined, kid: libtrustId(pinned) },
    PINNED.key,
  ),
  'kid: thumbprint, bundle': header(
    chain,
    { x5c: undefined, kid: await thumbprint(pinned) },
    PINNED.key,
  ),
  'kid: mistaken thumbprint, one key': header(single, {
    kid: basePointThumbprint(publicOf(KEYS.single)),
  }),
  'no kid, one key': single,
  'no kid, one key of that algorithm': header(VALID.ed, { kid: undefined }),
  'jwk: known key, no kid': header(alpha, { kid: undefined, jwk: jwkOf(KEYS.alpha) }),
  'jwk: known key with kid': header(alpha, {
    kid: undefined,
    jwk: jwkOf(KEYS.alpha, { kid: 'alpha' }),
  }),
  'jwk: another key, and ours signed': header(alpha, { jwk: jwkOf(KEYS.mallory) }),
  'jku and x5u: ignored': header(alpha, { jku: 'http://[::]/', x5u: 'http://[::]/' }),
  'x5c without a bundle: ignored': header(alpha, { x5c: ['nothing'] }),
  'x5c: leaf alone, root in the bundle': header(
    chain,
    { x5c: [LEAF_OF_ROOT.der] },
    LEAF_OF_ROOT.key,
  ),
  'x5c: with the root': header(chain, { x5c: [LEAF.der, INTERMEDIATE.der, ROOT.der] }),
  'x5c: a certificate of the bundle itself': header(chain, { x5c: [PINNED.der] }, PINNED.key),
  'type: none': header(own, { typ: undefined }),
  'type: jwt': header(own, { typ: 'jwt' }),
  'type: at+jwt': header(own, { typ: 'at+jwt' }),
  'audience: a list': claims(own, { aud: ['other.example', SERVICE] }),
  'ended 59 s ago': claims(own, { exp: SECONDS - 59 }),
  'begins in 60 s': claims(own, { nbf: SECONDS + 60, iat: SECONDS + 60 }),
  'no beginning, no issue, no id': claims(own, { nbf: undefined, iat: undefined, jti: undefined }),
  'a fraction of a second': claims(own, { exp: SECONDS + 1.5 }),
}

describe('accepted', () => {
  for (const [name, draft] of Object.entries(FORMS)) {
    test(name, async () => {
      const verified = await verifierAt(NOW).verify(forge(draft))
      assert.equal(verified.issuer, draft.claims.iss)
      assert.equal(verified.own, draft.claims.iss === 'own')
      assert.equal(verified.identity.name, 'alice')
      assert.equal(verified.id, draft.claims.jti)
      assert.equal(verified.expires, Number(draft.claims.exp) * 1000)
      assert.equal(grants(verified.access, 'repository', 'team/app', 'pull'), true)
    })
  }

  test('our own token names an account, and none of its claims is passed on', async () => {
    for (const kind of ['user', 'robot', 'anonymous']) {
      const { identity } = await verifierAt(NOW).verify(forge(claims(own, { kind, groups: ['x'] })))
      assert.deepEqual(identity, { kind, name: 'alice', groups: [], claims: {} })
    }
  })

  test("another's token is no account of ours, whatever it says", async () => {
    const draft = claims(alpha, { kind: 'user', groups: ['admins'], own: true })
    const { identity } = await verifierAt(NOW).verify(forge(draft))
    assert.equal(identity.kind, 'token')
    assert.deepEqual(identity.groups, [])
    assert.deepEqual(identity.claims.groups, ['admins'])
  })

  test('a subject may be any text, or missing', async () => {
    for (const sub of ['', 'repo:org/app:ref:refs/heads/main', 'a b\n', undefined]) {
      const { identity } = await verifierAt(NOW).verify(forge(claims(alpha, { sub })))
      assert.equal(identity.name, sub ?? '')
    }
  })

  test('malformed entries of access grant nothing, and the others are kept', async () => {
    const good = { type: 'repository', name: 'a', actions: ['pull'], class: 'image' }
    const bad = [null, 'x', {}, { ...good, actions: 'push' }, { ...good, name: '' }, { type: 1 }]
    const { access } = await verifierAt(NOW).verify(forge(claims(own, { access: [...bad, good] })))
    assert.deepEqual(access, [{ type: 'repository', name: 'a', actions: ['pull'] }])
  })

  test('refresh tokens, also for one of several secrets of a robot', async () => {
    assert.equal((await refreshAt(NOW)(forge(REFRESH))).name, 'alice')
    for (const secret of ['first', 'second']) {
      const robot = claims(REFRESH, { sub: 'ci', kind: 'robot', cred: fingerprint(secret) })
      const verified = await refreshAt(NOW)(forge(robot))
      assert.deepEqual(verified, {
        kind: 'robot',
        name: 'ci',
        id: 'one',
        credential: fingerprint(secret),
        expires: (SECONDS + 300) * 1000,
      })
    }
  })
})

test('a certificate renewed with the same key is accepted though the old one has expired', async () => {
  const key = ec()
  const now = NOW + 2 * 86_400_000
  const long = certify({ name: 'long', ca: false, key })
  const short = certify({ name: 'short', ca: false, key, days: 1 })
  for (const bundle of [long.pem + short.pem, short.pem + long.pem]) {
    const source = await certificateBundle(bundle)
    const verifier = verifierOf({
      issuers: [{ issuer: 'single', audience: SERVICE, source }],
      now: () => now,
    })
    const exp = now / 1000 + 300
    await verifier.verify(forge({ ...claims(single, { exp }), key }))
  }
})

describe('what cannot be trusted is refused before any token is seen', () => {
  const source = { keys: async () => [] }
  const issuer = { issuer: 'a', audience: SERVICE, source }
  const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['a name twice', () => verifierOf({ issuers: [issuer, issuer], now: Date.now }), /same/],
    ...['HS256', 'none', 'RSA-OAEP'].map(
      (algorithm) =>
        [
          algorithm,
          () => {
            const algorithms = [algorithm] as unknown as ['ES256']
            verifierOf({ issuers: [{ ...issuer, algorithms }], now: Date.now })
          },
          new RegExp(`allows ${algorithm}`),
        ] as const,
    ),
    ['a set without a list', () => fixedJwks({}), /no list/],
    ['a set of symmetric keys', () => fixedJwks({ keys: [{ kty: 'oct', k: 'AA' }] }), /no key/],
    ['an empty bundle', () => certificateBundle('-----BEGIN PUBLIC KEY-----'), /no certificate/],
    [
      'a damaged bundle',
      () => certificateBundle(`${PINNED.pem}${PINNED.pem.replace('M', '')}`),
      /certificate 2/,
    ],
  ]
  for (const [name, attempt, message] of refusals) {
    test(name, async () => {
      await assert.rejects(async () => attempt(), message)
    })
  }
})
