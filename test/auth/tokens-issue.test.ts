/**
 * The tokens we issue: their claims, their size, and that our own verifiers take them.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { AccessError } from '../../functions/auth/errors.ts'
import { fingerprint } from '../../functions/auth/identity.ts'
import { localSigner } from '../../functions/auth/keys/signing-keys.ts'
import { issueRefreshToken, issueToken } from '../../functions/auth/tokens/issue.ts'
import { KEYS, NOW, refreshAt, SERVICE, verifierAt } from './tokens-world.ts'

const signer = localSigner(KEYS.own)
const base = {
  signer,
  issuer: 'own',
  audience: SERVICE,
  subject: 'alice',
  kind: 'user',
  lifetime: 300,
  now: () => NOW + 999,
} as const

const json = (token: string, part: number): unknown =>
  JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString())

describe('an access token', () => {
  test('has the header and claims of the Docker token specification', async () => {
    const access = [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }]
    const issued = await issueToken({ ...base, access })
    assert.deepEqual(json(issued.token, 0), { typ: 'JWT', alg: 'ES256', kid: signer.kid })
    const iat = NOW / 1000
    assert.deepEqual(json(issued.token, 1), {
      iss: 'own',
      sub: 'alice',
      aud: SERVICE,
      iat,
      nbf: iat,
      exp: iat + 300,
      jti: issued.id,
      kind: 'user',
      access,
    })
    assert.equal(issued.lifetime, 300)
    assert.equal(issued.issuedAt, NOW)
  })

  test('is signed as RFC 7515 says', async () => {
    const { token } = await issueToken({ ...base, access: [] })
    const [head, body, signature = ''] = token.split('.')
    const key = createPublicKey({ key: { ...signer.publicJwk }, format: 'jwk' })
    const raw = Buffer.from(signature, 'base64url')
    const data = Buffer.from(`${head}.${body}`)
    assert.ok(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, raw))
  })

  test('has an id of its own', async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => (await issueToken({ ...base, access: [] })).id),
    )
    assert.equal(new Set(ids).size, 50)
  })

  test('names each resource once, and none without actions', async () => {
    const one = { type: 'repository', name: 'a' }
    const access = [
      { ...one, actions: ['pull'] },
      { ...one, actions: ['push', 'pull'] },
      { type: 'repository', name: 'b', actions: [] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ]
    const { token } = await issueToken({ ...base, access })
    assert.deepEqual((json(token, 1) as { access: unknown }).access, [
      { ...one, actions: ['pull', 'push'] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ])
  })

  test('proves what was granted, for any subject and scopes', async () => {
    const action = fc.constantFrom('pull', 'push', 'delete', '*')
    const name = fc.stringMatching(/^[a-z0-9]{1,20}(\/[a-z0-9]{1,20}){0,2}$/)
    const actions = fc.uniqueArray(action, { minLength: 1 })
    const type = fc.constant('repository')
    const entry = fc.record({ type, name, actions }, { noNullPrototype: true })
    const scopes = fc.uniqueArray(entry, { maxLength: 5, selector: ({ name }) => name })
    const subjects = fc.string({ unit: 'grapheme', maxLength: 30 })
    const kinds = fc.constantFrom('user', 'robot', 'anonymous')
    await fc.assert(
      fc.asyncProperty(subjects, kinds, scopes, async (subject, kind, access) => {
        const { token } = await issueToken({ ...base, subject, kind, access })
        const verified = await verifierAt(NOW).verify(token)
        assert.deepEqual(verified.identity, { kind, name: subject, groups: [], claims: {} })
        assert.deepEqual(verified.access, access)
        assert.equal(verified.expires, NOW + 300_000)
      }),
      { numRuns: 100 },
    )
  })

  test('stays within 4096 bytes or is refused, never truncated', async () => {
    const scopes = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        type: 'repository',
        name: `organisation/team/application-${index}`,
        actions: ['pull', 'push'],
      }))
    let longest = 0
    let refused = 0
    for (let count = 1; count <= 60; count++) {
      try {
        const { token } = await issueToken({ ...base, access: scopes(count) })
        assert.equal(refused, 0, 'a longer grant was accepted after a shorter one was refused')
        assert.ok(token.length <= 4096)
        longest = count
        assert.equal((await verifierAt(NOW).verify(token)).access.length, count)
      } catch (error) {
        assert.ok(error instanceof AccessError, String(error))
        assert.equal(error.code, 'TOO_MANY_SCOPES')
        assert.match(error.message, new RegExp(`^a token for these ${count} scopes .* 4096 `))
        refused++
      }
    }
    assert.ok(longest >= 25, `only ${longest} scopes fit`)
    assert.equal(longest + refused, 60)
  })
})

describe('a refresh token', () => {
  test('is accepted for the credential it was issued for, and discloses nothing of it', async () => {
    const credential = '$2b$10$now'
    const { token, id } = await issueRefreshToken({ ...base, credential })
    const verified = await refreshAt(NOW)(token)
    const bound = { credential: fingerprint(credential), expires: NOW + 300_000 }
    assert.deepEqual(verified, { kind: 'user', name: 'alice', id, ...bound })
    assert.ok(!JSON.stringify(json(token, 1)).includes('2b$10'))
  })

  test('ends with a change of password', async () => {
    const { token } = await issueRefreshToken({ ...base, credential: '$2b$10$before' })
    await assert.rejects(refreshAt(NOW)(token), /no longer valid/)
  })

  test('is not accepted as an access token, nor the reverse', async () => {
    const refresh = await issueRefreshToken({ ...base, credential: '$2b$10$now' })
    await assert.rejects(verifierAt(NOW).verify(refresh.token), /type "refresh\+jwt"/)
    const access = await issueToken({ ...base, access: [] })
    await assert.rejects(refreshAt(NOW)(access.token), /type "JWT"/)
  })
})
