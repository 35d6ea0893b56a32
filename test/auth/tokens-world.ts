/**
 * Issuers with keys of every kind, a verifier that trusts them, and a valid token of each.
 *
 * @module
 */

import type { KeyObject } from 'node:crypto'
import { fingerprint } from '../../functions/auth/identity.ts'
import { foreignVerifier } from '../../functions/auth/issuers/verify.ts'
import { localSigner } from '../../functions/auth/keys/signing-keys.ts'
import { refreshAudience } from '../../functions/auth/tokens/claims.ts'
import { createRefreshVerifier } from '../../functions/auth/tokens/refresh.ts'
import { createTokenVerifier } from '../../functions/auth/tokens/verify.ts'
import { certificateBundle, fixedJwks } from '../../functions/auth/trusted-keys/key-source.ts'
import { certify, type Draft, ec, ed25519, jwkOf, rsa } from './tokens-forge.ts'

/**
 * Milliseconds; whole seconds, so that the edges of the leeway are exact. A minute ahead, so that
 * the certificates made below have begun.
 */
export const NOW = Math.floor(Date.now() / 1000) * 1000 + 60_000
export const SECONDS = NOW / 1000
export const SERVICE = 'registry.example'

/** Private keys by the `kid` they have in the key set. */
export const KEYS = {
  own: ec(),
  alpha: ec(),
  beta: ec(),
  p384: ec('P-384'),
  p521: ec('P-521'),
  rsa: rsa(),
  pss: rsa(),
  weak: rsa(1024),
  ed: ed25519(),
  encrypting: ec(),
  wrapping: ec(),
  single: ec(),
  mallory: ec(),
  malloryRsa: rsa(),
} as const satisfies Record<string, KeyObject>

/** A symmetric key that a key set holds by mistake, and everybody may read. */
export const OCTETS = 'c2xpcHdheS1zbGlwd2F5LXNsaXB3YXktc2xpcHdheSE'

export const ROOT = certify({ name: 'root', ca: true })
export const INTERMEDIATE = certify({ name: 'intermediate', ca: true, by: ROOT })
export const LEAF = certify({ name: 'leaf', ca: false, by: INTERMEDIATE })
export const LEAF_OF_ROOT = certify({ name: 'leaf of root', ca: false, by: ROOT })
export const LEAF_RSA = certify({ name: 'leaf with RSA', ca: false, by: ROOT, key: rsa() })
export const SHORT = certify({ name: 'short', ca: false, by: ROOT, days: 1 })
export const OF_LEAF = certify({ name: 'of leaf', ca: false, by: LEAF_OF_ROOT })
export const SHORT_CA = certify({ name: 'short intermediate', ca: true, by: ROOT, days: 1 })
export const OF_SHORT_CA = certify({ name: 'of short', ca: false, by: SHORT_CA })
export const PINNED = certify({ name: 'pinned', ca: false })
export const PINNED_SHORT = certify({ name: 'pinned for a day', ca: false, days: 1 })
/** Says that it is the root, and is not. */
export const FALSE_ROOT = certify({ name: 'root', ca: true, bare: true })
export const OF_FALSE_ROOT = certify({ name: 'leaf', ca: false, by: FALSE_ROOT, bare: true })
/** Has the root's key, and is not called so. */
const RENAMED_ROOT = certify({ name: 'renamed', ca: true, key: ROOT.key })
export const OF_RENAMED_ROOT = certify({ name: 'leaf', ca: false, by: RENAMED_ROOT })
const SHORT_ROOT = certify({ name: 'root for a day', ca: true, days: 1 })
export const OF_SHORT_ROOT = certify({ name: 'leaf', ca: false, by: SHORT_ROOT })

const own = localSigner(KEYS.own)
const keys = { signer: async () => own, published: async () => [own.publicJwk] }

const set = [
  jwkOf(KEYS.alpha, { kid: 'alpha' }),
  jwkOf(KEYS.beta, { kid: 'beta' }),
  jwkOf(KEYS.p384, { kid: 'p384' }),
  jwkOf(KEYS.p521, { kid: 'p521' }),
  jwkOf(KEYS.rsa, { kid: 'rsa' }),
  jwkOf(KEYS.pss, { kid: 'pss', alg: 'PS256' }),
  jwkOf(KEYS.weak, { kid: 'weak' }),
  jwkOf(KEYS.ed, { kid: 'ed' }),
  jwkOf(KEYS.encrypting, { kid: 'encrypting', use: 'enc' }),
  jwkOf(KEYS.wrapping, { kid: 'wrapping', key_ops: ['wrapKey'] }),
  { kty: 'oct', k: OCTETS, kid: 'octets' },
  { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'no point' },
]

const several = await fixedJwks({ keys: set })
const source = {
  single: await fixedJwks({ keys: [jwkOf(KEYS.single)] }),
  bundle: await certificateBundle(
    `${ROOT.pem}\nnotes\n${PINNED.pem}${PINNED_SHORT.pem}${SHORT_ROOT.pem}`,
  ),
}

/** Trusts every issuer; milliseconds it is late or early can be given. */
export const verifierAt = (now: number) =>
  createTokenVerifier({
    issuer: 'own',
    audience: SERVICE,
    keys,
    now: () => now,
    others: {
      get: async () =>
        foreignVerifier(
          [
            { issuer: 'several', audience: SERVICE, source: several },
            { issuer: 'single', audience: SERVICE, source: source.single },
            { issuer: 'bundle', audience: SERVICE, source: source.bundle },
            { issuer: 'elsewhere', audience: 'other.example', source: several },
            { issuer: 'narrow', audience: SERVICE, source: several, algorithms: ['RS256'] },
          ],
          () => now,
        ),
    },
  })

/** What the accounts have now. */
export const CREDENTIALS: Readonly<Record<string, readonly string[]>> = {
  'user:alice': ['$2b$10$now'],
  'robot:ci': ['first', 'second'],
}

export const refreshAt = (now: number) =>
  createRefreshVerifier({
    issuer: 'own',
    audience: SERVICE,
    keys,
    credentials: async ({ kind, name }) => CREDENTIALS[`${kind}:${name}`] ?? [],
    now: () => now,
  })

const claims = (iss: string, more: Readonly<Record<string, unknown>> = {}) => ({
  iss,
  aud: SERVICE,
  sub: 'alice',
  iat: SECONDS,
  nbf: SECONDS,
  exp: SECONDS + 300,
  jti: 'one',
  access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }],
  ...more,
})

const token = (iss: string, key: KeyObject, header: Readonly<Record<string, unknown>>): Draft => ({
  header: { typ: 'JWT', alg: 'ES256', ...header },
  claims: claims(iss, iss === 'own' ? { kind: 'user' } : {}),
  key,
})

/** Valid tokens, the starting points of all tables. */
export const VALID = {
  own: token('own', KEYS.own, { kid: own.kid }),
  alpha: token('several', KEYS.alpha, { kid: 'alpha' }),
  p384: token('several', KEYS.p384, { kid: 'p384', alg: 'ES384' }),
  p521: token('several', KEYS.p521, { kid: 'p521', alg: 'ES512' }),
  rsa: token('several', KEYS.rsa, { kid: 'rsa', alg: 'RS256' }),
  rs384: token('several', KEYS.rsa, { kid: 'rsa', alg: 'RS384' }),
  rs512: token('several', KEYS.rsa, { kid: 'rsa', alg: 'RS512' }),
  ps256: token('several', KEYS.pss, { kid: 'pss', alg: 'PS256' }),
  ps384: token('several', KEYS.rsa, { kid: 'rsa', alg: 'PS384' }),
  ps512: token('several', KEYS.rsa, { kid: 'rsa', alg: 'PS512' }),
  ed: token('several', KEYS.ed, { kid: 'ed', alg: 'EdDSA' }),
  single: token('single', KEYS.single, {}),
  narrow: token('narrow', KEYS.rsa, { kid: 'rsa', alg: 'RS256' }),
  chain: token('bundle', LEAF.key, { x5c: [LEAF.der, INTERMEDIATE.der] }),
  short: token('bundle', SHORT.key, { x5c: [SHORT.der] }),
  shortCa: token('bundle', OF_SHORT_CA.key, { x5c: [OF_SHORT_CA.der, SHORT_CA.der] }),
  rsaChain: token('bundle', LEAF_RSA.key, { x5c: [LEAF_RSA.der], alg: 'RS256' }),
} as const satisfies Record<string, Draft>

/** A valid refresh token; no verifier of access tokens takes it. */
export const REFRESH: Draft = {
  header: { typ: 'refresh+jwt', alg: 'ES256', kid: own.kid },
  claims: {
    ...claims('own'),
    access: undefined,
    aud: refreshAudience(SERVICE),
    kind: 'user',
    cred: fingerprint('$2b$10$now'),
  },
  key: KEYS.own,
}
