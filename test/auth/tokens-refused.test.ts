/**
 * Forged, expired, confused and malformed tokens, each one change away from a valid one, and each
 * refused for its own reason.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { describe, test } from 'vitest'
import { grants } from '../../functions/auth/access.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { basePointThumbprint, libtrustId } from '../../functions/auth/keys/key-id.ts'
import type { RefusalReason } from '../../functions/auth/refusal.ts'
import { type Draft, encode, forge, jwkOf } from './tokens-forge.ts'
import {
  FALSE_ROOT,
  INTERMEDIATE,
  KEYS,
  LEAF,
  LEAF_OF_ROOT,
  NOW,
  OCTETS,
  OF_FALSE_ROOT,
  OF_LEAF,
  OF_RENAMED_ROOT,
  OF_SHORT_ROOT,
  PINNED,
  PINNED_SHORT,
  REFRESH,
  ROOT,
  refreshAt,
  SECONDS,
  SERVICE,
  VALID,
  verifierAt,
} from './tokens-world.ts'

type Change = (valid: Draft) => Draft

const header =
  (more: Readonly<Record<string, unknown>>, rest: Partial<Draft> = {}): Change =>
  (valid) => ({ ...valid, header: { ...valid.header, ...more }, ...rest })
const claims =
  (more: Readonly<Record<string, unknown>>): Change =>
  (valid) => ({ ...valid, claims: { ...valid.claims, ...more } })
const signedBy =
  (key: Draft['key'], rest: Partial<Draft> = {}): Change =>
  (valid) => ({ ...valid, key, ...rest })
const after =
  (change: (token: string) => string): Change =>
  (valid) => ({ ...valid, after: change })
/** Changes one of the three parts of the finished token. */
const part = (index: number, change: (text: string) => string): Change =>
  after((token) => {
    const parts = token.split('.')
    parts[index] = change(parts[index] ?? '')
    return parts.join('.')
  })

const decode = (text: string) => Buffer.from(text, 'base64url').toString()
const alphaPem = createPublicKey(KEYS.alpha).export({ format: 'pem', type: 'spki' }) as string
const rsaPem = createPublicKey(KEYS.rsa).export({ format: 'pem', type: 'spki' }) as string
const DAY = 86_400

interface Row {
  readonly name: string
  readonly from: Draft
  readonly change: Change
  readonly reason: RefusalReason
  /** Milliseconds at which both are judged; the valid one must be accepted then, too. */
  readonly at?: number
}

const row = (
  reason: RefusalReason,
  name: string,
  from: Draft,
  change: Change,
  at?: number,
): Row => ({ reason, name, from, change, ...(at === undefined ? {} : { at }) })

const { own, alpha, rsa, single, chain } = VALID

const flip = (text: string): string => {
  const bytes = Buffer.from(text, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes.toString('base64url')
}

/** Valid later on: for what runs out after a day. */
const LATER = NOW + 2 * DAY * 1000
const later = (valid: Draft): Draft =>
  claims({ iat: SECONDS, nbf: SECONDS, exp: SECONDS + 10 * DAY })(valid)

const FORGED: readonly Row[] = [
  row('signature', 'one bit of the signature', own, part(2, flip)),
  row('signature', 'one bit of the signature, RSA', rsa, part(2, flip)),
  row(
    'signature',
    'no signature',
    own,
    part(2, () => ''),
  ),
  row(
    'signature',
    'half a signature',
    own,
    part(2, (text) => text.slice(0, 43)),
  ),
  row(
    'signature',
    'a signature of zeros',
    own,
    part(2, () => encode('\0'.repeat(64))),
  ),
  row(
    'signature',
    'more rights, old signature',
    own,
    part(1, (text) => encode(decode(text).replace('"pull"', '"*"'))),
  ),
  row(
    'signature',
    'another subject, old signature',
    own,
    part(1, (text) => encode(decode(text).replace('alice', 'admin'))),
  ),
  row(
    'signature',
    'a later end, old signature',
    own,
    part(1, (text) => encode(decode(text).replace(`${SECONDS + 300}`, `${SECONDS + 999}`))),
  ),
  row(
    'signature',
    'another header, old signature',
    alpha,
    part(0, (text) => encode(decode(text).replace('{', '{"x":1,'))),
  ),
  row(
    'signature',
    "another token's signature",
    own,
    after((token) => {
      const other = forge(claims({ jti: 'two' })(own))
      return [...token.split('.').slice(0, 2), other.split('.')[2]].join('.')
    }),
  ),
  row(
    'signature',
    'a signature in DER',
    own,
    part(2, (text) => {
      const raw = Buffer.from(text, 'base64url')
      const integer = (bytes: Buffer) => Buffer.concat([Buffer.of(2, 33, 0), bytes])
      const both = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
      return Buffer.concat([Buffer.of(0x30, both.length), both]).toString('base64url')
    }),
  ),
]

const WRONG_KEY: readonly Row[] = [
  row('signature', "a stranger's key under our kid", own, signedBy(KEYS.mallory)),
  row('signature', "another key of the issuer's under this kid", alpha, signedBy(KEYS.beta)),
  row('signature', "a stranger's key where the issuer has one", single, signedBy(KEYS.mallory)),
  row('signature', "another issuer's key", own, signedBy(KEYS.alpha)),
  row('unknown-key', 'an unknown kid', alpha, header({ kid: 'gamma' })),
  row(
    'unknown-key',
    "another issuer's kid and key",
    own,
    header({ kid: 'alpha' }, { key: KEYS.alpha }),
  ),
  row(
    'unknown-key',
    "a stranger's libtrust fingerprint",
    alpha,
    header({ kid: libtrustId(createPublicKey(KEYS.mallory)) }, { key: KEYS.mallory }),
  ),
  row('unknown-key', 'an empty kid', alpha, header({ kid: '' })),
  row('unknown-key', 'a kid in other case', alpha, header({ kid: 'ALPHA' })),
  row('unknown-key', 'a path for a kid', alpha, header({ kid: '../../dev/null' })),
  row('unknown-key', 'no kid, several keys', alpha, header({ kid: undefined })),
  row(
    'unknown-key',
    'a thumbprint that two keys have by mistake',
    alpha,
    header({ kid: basePointThumbprint(createPublicKey(KEYS.alpha)) }),
  ),
  row(
    'unknown-key',
    'a key for encryption',
    alpha,
    header({ kid: 'encrypting' }, { key: KEYS.encrypting }),
  ),
  row(
    'unknown-key',
    'a key for wrapping',
    alpha,
    header({ kid: 'wrapping' }, { key: KEYS.wrapping }),
  ),
  row(
    'unknown-key',
    "a stranger's key embedded, no kid",
    alpha,
    header({ kid: undefined, jwk: jwkOf(KEYS.mallory) }, { key: KEYS.mallory }),
  ),
  row(
    'signature',
    "a stranger's key embedded under a known kid",
    alpha,
    header({ kid: undefined, jwk: jwkOf(KEYS.mallory, { kid: 'alpha' }) }, { key: KEYS.mallory }),
  ),
  row(
    'signature',
    "a stranger's key embedded beside a known kid",
    alpha,
    header({ jwk: jwkOf(KEYS.mallory) }, { key: KEYS.mallory }),
  ),
  row(
    'signature',
    "a stranger's key at a URL (jku)",
    alpha,
    header({ jku: 'http://127.0.0.1:9/jwks.json' }, { key: KEYS.mallory }),
  ),
  row(
    'signature',
    "a stranger's certificate at a URL (x5u)",
    alpha,
    header({ x5u: 'http://127.0.0.1:9/cert.pem' }, { key: KEYS.mallory }),
  ),
  row(
    'signature',
    "a stranger's chain, issuer without a bundle",
    alpha,
    header({ x5c: [OF_FALSE_ROOT.der] }, { key: OF_FALSE_ROOT.key }),
  ),
  row('malformed', 'a kid that is a number', alpha, header({ kid: 7 })),
  row('malformed', 'an invalid embedded key', alpha, header({ kid: undefined, jwk: {} })),
]

const WRONG_ALGORITHM: readonly Row[] = [
  row('algorithm', 'none, without signature', own, header({ alg: 'none' })),
  row('algorithm', 'None, in another case', own, header({ alg: 'None' }, { signWith: 'none' })),
  row('algorithm', 'no algorithm', own, header({ alg: undefined }, { signWith: 'ES256' })),
  row('algorithm', 'a list of algorithms', own, header({ alg: ['ES256'] }, { signWith: 'ES256' })),
  row('algorithm', 'es256, in another case', own, header({ alg: 'es256' }, { signWith: 'ES256' })),
  row(
    'algorithm',
    'HS256 with the EC public key',
    alpha,
    header({ alg: 'HS256' }, { key: alphaPem }),
  ),
  row('algorithm', 'HS256 with the RSA public key', rsa, header({ alg: 'HS256' }, { key: rsaPem })),
  row('algorithm', 'HS512 with the RSA public key', rsa, header({ alg: 'HS512' }, { key: rsaPem })),
  row('algorithm', 'HS256 with an empty secret', own, header({ alg: 'HS256' }, { key: '' })),
  row(
    'algorithm',
    'HS256 with a secret of the key set',
    alpha,
    header({ alg: 'HS256', kid: 'octets' }, { key: decode(OCTETS) }),
  ),
  row('algorithm', 'an algorithm this issuer may not use', VALID.narrow, header({ alg: 'RS512' })),
  row(
    'algorithm',
    'another algorithm than the key set allows',
    VALID.ps256,
    header({ alg: 'RS256' }),
  ),
  row('algorithm', 'another hash than the key set allows', VALID.ps256, header({ alg: 'PS512' })),
  row('algorithm', 'ES256 named, RSA key', rsa, header({ alg: 'ES256' }, { signWith: 'RS256' })),
  row('algorithm', 'RS256 named, EC key', alpha, header({ alg: 'RS256' }, { signWith: 'ES256' })),
  row('algorithm', 'ES256 named, P-384 key', VALID.p384, header({ alg: 'ES256' })),
  row('algorithm', 'ES384 named, P-256 key', alpha, header({ alg: 'ES384' })),
  row('algorithm', 'EdDSA named, EC key', alpha, header({ alg: 'EdDSA' }, { signWith: 'ES256' })),
  row('algorithm', 'RSA of 1024 bits', rsa, header({ kid: 'weak' }, { key: KEYS.weak })),
  row(
    'algorithm',
    'a leaf of another kind of key',
    VALID.rsaChain,
    header({ alg: 'ES256' }, { signWith: 'RS256' }),
  ),
  row('signature', 'RS256 signed, PS256 named', VALID.ps384, header({}, { signWith: 'RS384' })),
]

const TIMES: readonly Row[] = [
  row('expired', 'expired 61 s ago', own, claims({ exp: SECONDS - 61 })),
  row('expired', 'expired exactly at the leeway', own, claims({ exp: SECONDS - 60 })),
  row('expired', 'expired in 1970', own, claims({ exp: 0 })),
  row('expired', 'expired before 1970', own, claims({ exp: -1 })),
  row('not-yet-valid', 'valid in 61 s', own, claims({ nbf: SECONDS + 61 })),
  row('issued-later', 'issued in 61 s', own, claims({ iat: SECONDS + 61 })),
  row('claims', 'no expiry', own, claims({ exp: undefined })),
  row('claims', 'an expiry that is text', own, claims({ exp: `${SECONDS + 300}` })),
  row('claims', 'an expiry that is null', own, claims({ exp: null })),
  row('claims', 'a start that is text', own, claims({ nbf: 'now' })),
  row('claims', 'a time of issue that is text', own, claims({ iat: 'now' })),
  row('claims', 'an expiry beyond all numbers', own, (valid) => {
    const text = JSON.stringify(valid.claims).replace(`${SECONDS + 300}`, '1e999')
    return { ...valid, claims: text as unknown as Draft['claims'] }
  }),
]

const CONFUSED: readonly Row[] = [
  row('issuer', 'an unknown issuer', alpha, claims({ iss: 'mallory' })),
  row('issuer', 'no issuer', own, claims({ iss: undefined })),
  row('issuer', 'a list of issuers', own, claims({ iss: ['own'] })),
  row('issuer', 'the issuer with a slash', own, claims({ iss: 'own/' })),
  row('issuer', 'the issuer in another case', own, claims({ iss: 'OWN' })),
  row('issuer', 'a name every object has', own, claims({ iss: '__proto__' })),
  row('audience', 'another service', own, claims({ aud: 'other.example' })),
  row('claims', 'no audience', own, claims({ aud: undefined })),
  row('audience', 'no service at all', own, claims({ aud: [] })),
  row('audience', 'several other services', own, claims({ aud: ['a.example', 'b.example'] })),
  row('audience', 'a service whose name begins like ours', own, claims({ aud: `${SERVICE}.evil` })),
  row('audience', 'our service in a text', own, claims({ aud: `a ${SERVICE}` })),
  row('audience', 'our service a level down', own, claims({ aud: [[SERVICE]] })),
  row(
    'audience',
    'our service, from an issuer trusted for another',
    alpha,
    claims({ iss: 'elsewhere' }),
  ),
  row(
    'unknown-key',
    'another issuer that uses our name',
    alpha,
    claims({ iss: 'own', kind: 'user' }),
  ),
  row('type', 'a refresh token for us as an access token', own, header({ typ: 'refresh+jwt' })),
  row('type', 'an upload token or any other type', own, header({ typ: 'dpop+jwt' })),
  row('type', 'a type that is not text', own, header({ typ: 1 })),
  row('type', 'a type that is null', own, header({ typ: null })),
  row(
    'audience',
    'the audience of refresh tokens, of the right type',
    own,
    claims({ aud: REFRESH.claims.aud }),
  ),
  row('critical', 'an extension we must know', own, header({ crit: ['exp'], exp: 1 })),
  row('critical', 'an empty list of extensions', own, header({ crit: [] })),
  row('critical', 'an extension that our library knows', own, header({ crit: ['b64'], b64: true })),
  row('claims', 'no kind of account', own, claims({ kind: undefined })),
  row('claims', "a kind of account that is another issuer's", own, claims({ kind: 'token' })),
  row('claims', 'a subject that is no text', own, claims({ sub: { admin: true } })),
  row('claims', "another issuer's subject that is no text", alpha, claims({ sub: 0 })),
]

const twoOf = (first: { der: string }, ...more: readonly { der: string }[]) => ({
  x5c: [first, ...more].map(({ der }) => der),
})

const CHAINS: readonly Row[] = [
  row(
    'certificate',
    'a chain to a stranger',
    chain,
    header(twoOf(OF_FALSE_ROOT, FALSE_ROOT), { key: OF_FALSE_ROOT.key }),
  ),
  row(
    'certificate',
    "a leaf of a stranger with our root's name",
    chain,
    header(twoOf(OF_FALSE_ROOT), { key: OF_FALSE_ROOT.key }),
  ),
  row(
    'certificate',
    'our root behind a leaf it did not issue',
    chain,
    header(twoOf(OF_FALSE_ROOT, ROOT), { key: OF_FALSE_ROOT.key }),
  ),
  row('signature', 'the wrong order', chain, header(twoOf(INTERMEDIATE, LEAF), {})),
  row('certificate', 'no intermediate', chain, header(twoOf(LEAF))),
  row('certificate', 'the intermediate left out of the middle', chain, header(twoOf(LEAF, ROOT))),
  row(
    'certificate',
    'issued by a leaf',
    chain,
    header(twoOf(OF_LEAF, LEAF_OF_ROOT), { key: OF_LEAF.key }),
  ),
  row('signature', 'a leaf without its key', chain, signedBy(KEYS.mallory)),
  row('signature', "the intermediate's key, not the leaf's", chain, signedBy(INTERMEDIATE.key)),
  row('certificate', 'no certificates', chain, header({ x5c: [] })),
  row('certificate', 'a text for a list', chain, header({ x5c: LEAF.der })),
  row('certificate', 'a null for a list', chain, header({ x5c: null })),
  row(
    'certificate',
    'certificates that are none',
    chain,
    header({ x5c: [encode('nothing').padEnd(12, '=')] }),
  ),
  row(
    'certificate',
    'a chain without end',
    chain,
    header(twoOf(LEAF, ...Array(9).fill(INTERMEDIATE))),
  ),
  row(
    'certificate',
    'an expired leaf',
    later(chain),
    (valid) => header({ ...VALID.short.header })({ ...valid, key: VALID.short.key }),
    LATER,
  ),
  row(
    'certificate',
    'an expired root',
    later(chain),
    header(twoOf(OF_SHORT_ROOT), { key: OF_SHORT_ROOT.key }),
    LATER,
  ),
  row(
    'certificate',
    "signed with our root's key under another name",
    chain,
    header(twoOf(OF_RENAMED_ROOT), { key: OF_RENAMED_ROOT.key }),
  ),
  row(
    'certificate',
    'an expired intermediate',
    later(chain),
    (valid) => header({ ...VALID.shortCa.header })({ ...valid, key: VALID.shortCa.key }),
    LATER,
  ),
  row(
    'certificate',
    'the named certificate is expired',
    later(chain),
    (valid) => {
      const kid = libtrustId(new X509Certificate(PINNED_SHORT.pem).publicKey)
      return header({ x5c: undefined, kid })({ ...valid, key: PINNED_SHORT.key })
    },
    LATER,
  ),
  row(
    'certificate',
    'a leaf of the one that only signs',
    chain,
    header(twoOf(OF_FALSE_ROOT, PINNED), { key: OF_FALSE_ROOT.key }),
  ),
  row(
    'unknown-key',
    'no chain, no kid, several certificates',
    chain,
    header({ x5c: undefined }, { key: PINNED.key }),
  ),
  row(
    'unknown-key',
    'a key of a chain that is not in the bundle',
    chain,
    header({ x5c: undefined, kid: libtrustId(createPublicKey(LEAF.key)) }),
  ),
]

const MALFORMED: readonly Row[] = [
  row(
    'missing',
    'nothing',
    own,
    after(() => ''),
  ),
  row(
    'malformed',
    'two parts',
    own,
    after((token) => token.split('.').slice(0, 2).join('.')),
  ),
  row(
    'malformed',
    'four parts',
    own,
    after((token) => `${token}.e30`),
  ),
  row(
    'malformed',
    'five parts, as if encrypted',
    own,
    after((token) => `${token}.e30.e30`),
  ),
  row(
    'malformed',
    'a space before',
    own,
    after((token) => ` ${token}`),
  ),
  row(
    'malformed',
    'a line break after',
    own,
    after((token) => `${token}\n`),
  ),
  row(
    'malformed',
    'padding',
    own,
    part(1, (text) => `${text}==`),
  ),
  row(
    'malformed',
    'ordinary base64',
    own,
    part(0, (text) => `${text}+/`),
  ),
  row(
    'malformed',
    'a header that is no JSON',
    own,
    part(0, () => encode('alg: ES256')),
  ),
  row(
    'malformed',
    'a header that is a list',
    own,
    part(0, () => encode('[]')),
  ),
  row(
    'malformed',
    'claims that are no JSON',
    own,
    part(1, () => encode('{')),
  ),
  row(
    'malformed',
    'claims that are a text',
    own,
    part(1, () => encode('"alice"')),
  ),
  row(
    'malformed',
    'claims that are null',
    own,
    part(1, () => encode('null')),
  ),
  row('too-long', 'more than 16 KiB', own, claims({ more: 'x'.repeat(16_384) })),
]

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  forged: FORGED,
  'wrong key': WRONG_KEY,
  'wrong algorithm': WRONG_ALGORITHM,
  times: TIMES,
  'confused deputy': CONFUSED,
  chains: CHAINS,
  malformed: MALFORMED,
}

const refusedAs = (reason: RefusalReason, token: string) => (error: unknown) => {
  assert.ok(error instanceof AccessError, `not a AccessError: ${error}`)
  assert.equal(error.code, 'UNAUTHORIZED')
  assert.equal(error.detail?.reason, reason, error.message)
  assert.match(error.message, /^the token [a-z]/)
  // Neither a whole token nor its signature may reach logs or answers.
  const signature = token.split('.')[2] ?? ''
  const shown = error.message + JSON.stringify(error.detail)
  assert.ok(signature.length < 9 || !shown.includes(signature))
  return true
}

for (const [title, rows] of Object.entries(TABLES)) {
  describe(`refused: ${title}`, () => {
    for (const { name, from, change, reason, at = NOW } of rows) {
      test(name, async () => {
        const verifier = verifierAt(at)
        await verifier.verify(forge(from))
        const token = forge(change(from))
        await assert.rejects(verifier.verify(token), refusedAs(reason, token))
      })
    }
  })
}

const REFRESH_ROWS: readonly Row[] = [
  row('type', 'an access token', REFRESH, () => own),
  row(
    'type',
    'an access token for the audience of refresh tokens',
    REFRESH,
    header({ typ: 'JWT' }),
  ),
  row('type', 'no type', REFRESH, header({ typ: undefined })),
  row('audience', 'the audience of access tokens', REFRESH, claims({ aud: SERVICE })),
  row(
    'audience',
    "another service's refresh token",
    REFRESH,
    claims({ aud: 'slipway-refresh:other.example' }),
  ),
  row('issuer', "another issuer's refresh token", REFRESH, claims({ iss: 'several' })),
  row('algorithm', 'none', REFRESH, header({ alg: 'none' })),
  row(
    'algorithm',
    'an algorithm that is not ours',
    REFRESH,
    header({ alg: 'RS256' }, { key: KEYS.malloryRsa }),
  ),
  row('signature', 'a stranger', REFRESH, signedBy(KEYS.mallory)),
  row('expired', 'ended', REFRESH, claims({ exp: SECONDS - 60 })),
  row('credential', 'a password that was changed', REFRESH, claims({ cred: 'x'.repeat(43) })),
  row('credential', 'a fingerprint of another length', REFRESH, claims({ cred: '' })),
  row('credential', 'an account that no longer exists', REFRESH, claims({ sub: 'bob' })),
  row('credential', "a robot with a user's name", REFRESH, claims({ kind: 'robot' })),
  row('claims', 'no fingerprint', REFRESH, claims({ cred: undefined })),
  row('claims', 'no subject', REFRESH, claims({ sub: undefined })),
]

describe('refused as refresh tokens', () => {
  for (const { name, from, change, reason } of REFRESH_ROWS) {
    test(name, async () => {
      await refreshAt(NOW)(forge(from))
      const token = forge(change(from))
      await assert.rejects(refreshAt(NOW)(token), refusedAs(reason, token))
    })
  }

  test('and a valid refresh token is refused as an access token', async () => {
    const token = forge(REFRESH)
    await assert.rejects(verifierAt(NOW).verify(token), refusedAs('type', token))
  })
})

/** Valid tokens that do not grant what is asked: [name, access claim, type, name, action]. */
const MIS_SCOPED: readonly (readonly [string, unknown, string, string, string])[] = [
  ['pull for push', [['repository', 'team/app', 'pull']], 'repository', 'team/app', 'push'],
  ['push for pull', [['repository', 'team/app', 'push']], 'repository', 'team/app', 'pull'],
  [
    'push for delete',
    [['repository', 'team/app', 'pull,push']],
    'repository',
    'team/app',
    'delete',
  ],
  ['another repository', [['repository', 'team/lib', '*']], 'repository', 'team/app', 'pull'],
  ['the folder above', [['repository', 'team', '*']], 'repository', 'team/app', 'pull'],
  ['the folder below', [['repository', 'team/app/x', '*']], 'repository', 'team/app', 'pull'],
  ['a glob as a name', [['repository', '*', '*']], 'repository', 'team/app', 'pull'],
  ['another case', [['repository', 'Team/App', '*']], 'repository', 'team/app', 'pull'],
  ['a slash at the end', [['repository', 'team/app/', '*']], 'repository', 'team/app', 'pull'],
  ['a registry as a repository', [['registry', 'team/app', '*']], 'repository', 'team/app', 'pull'],
  ['a repository named catalog', [['repository', 'catalog', '*']], 'registry', 'catalog', '*'],
  [
    'a class in the type',
    [['repository(plugin)', 'team/app', '*']],
    'repository',
    'team/app',
    'pull',
  ],
  ['no actions', [['repository', 'team/app', '']], 'repository', 'team/app', 'pull'],
  [
    'actions in one text',
    [['repository', 'team/app', ['pull,push']]],
    'repository',
    'team/app',
    'pull',
  ],
  ['nothing granted', [], 'repository', 'team/app', 'pull'],
  ['no claim', undefined, 'repository', 'team/app', 'pull'],
  ['a claim that is a text', 'repository:team/app:pull', 'repository', 'team/app', 'pull'],
  [
    'a claim that is an object',
    { type: 'repository', name: 'team/app', actions: ['pull'] },
    'repository',
    'team/app',
    'pull',
  ],
  [
    'actions that are a text',
    [{ type: 'repository', name: 'team/app', actions: 'pull' }],
    'repository',
    'team/app',
    'pull',
  ],
  [
    'an action that is no text',
    [{ type: 'repository', name: 'team/app', actions: ['pull', 1] }],
    'repository',
    'team/app',
    'pull',
  ],
  [
    'a name that is a list',
    [{ type: 'repository', name: ['team/app'], actions: ['pull'] }],
    'repository',
    'team/app',
    'pull',
  ],
]

/** Short rows into entries; anything else stays as it is. */
const accessOf = (claim: unknown): unknown =>
  Array.isArray(claim)
    ? claim.map((each: unknown) => {
        if (!Array.isArray(each)) return each
        const [type, name, actions] = each
        return { type, name, actions: typeof actions === 'string' ? actions.split(',') : actions }
      })
    : claim

describe('valid, and not for this', () => {
  for (const [name, access, type, thing, action] of MIS_SCOPED) {
    for (const from of [own, alpha]) {
      test(`${name} (${from.claims.iss})`, async () => {
        const right = { type, name: thing, actions: [action] }
        const granted = await verifierAt(NOW).verify(forge(claims({ access: [right] })(from)))
        assert.equal(grants(granted.access, type, thing, action), true)
        const token = forge(claims({ access: accessOf(access) })(from))
        const verified = await verifierAt(NOW).verify(token)
        assert.equal(grants(verified.access, type, thing, action), false)
      })
    }
  }
})
