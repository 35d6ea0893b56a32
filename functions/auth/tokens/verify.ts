/**
 * Verifies the bearer tokens of requests: ours and those of other issuers.
 *
 * @module
 */

import * as z from 'zod'
import type { Access } from '../access.ts'
import type { Identity } from '../identity.ts'
import { type Expected, type SignedClaims, verifySigned } from '../issuers/verify.ts'
import { refusal } from '../refusal.ts'
import { ALGORITHMS, type TokenAlgorithm } from '../trusted-keys/algorithms.ts'
import type { KeySource } from '../trusted-keys/key-source.ts'
import { ownKind, readAccess } from './claims.ts'

/** An issuer whose tokens are accepted. */
export interface TrustedIssuer {
  /** Exactly what its tokens have in `iss`. */
  readonly issuer: string
  /** What `aud` must be, or hold: the service of our challenge. */
  readonly audience: string
  readonly source: KeySource
  /** Default: all of {@link ALGORITHMS}. */
  readonly algorithms?: readonly TokenAlgorithm[]
  /** Whether it is this registry, so that `sub` names an account of ours. Default false. */
  readonly own?: boolean
}

/** What a bearer token proves. */
export interface VerifiedToken {
  /** For our own tokens without groups: those are in the accounts, and may have changed. */
  readonly identity: Identity
  /** What the token grants; see `grants`. */
  readonly access: readonly Access[]
  readonly issuer: string
  /** Whether this registry issued it. */
  readonly own: boolean
  /** Its `jti`, for the audit trail. */
  readonly id?: string
  /** Milliseconds since 1970, without leeway. */
  readonly expires: number
}

export interface TokenVerifier {
  /**
   * Verifies an access token.
   *
   * @param token as it stands after `Bearer `
   * @throws AccessError UNAUTHORIZED, whose message says why and whose `detail.reason` is a
   *   `RefusalReason`; UNAVAILABLE when the issuer's keys cannot be had now
   */
  verify(token: string): Promise<VerifiedToken>
}

/** `typ` of access tokens in the field (RFC 7519 section 5.1, RFC 9068 section 4); refresh is none. */
const ACCESS_TYPES = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

const subjectSchema = z.string().default('')

const identify = ({ payload }: SignedClaims, own: boolean): Identity => {
  const subject = subjectSchema.safeParse(payload.sub)
  if (!subject.success) throw refusal('claims', 'has a claim "sub" that is no string')
  const name = subject.data
  if (!own) return { kind: 'token', name, groups: [], claims: payload }
  const kind = ownKind.safeParse(payload.kind)
  if (!kind.success) throw refusal('claims', 'does not say what kind of account it is for')
  return { kind: kind.data, name, groups: [], claims: {} }
}

export interface TokenVerifierOptions {
  readonly issuers: readonly TrustedIssuer[]
  /** Clock in milliseconds. */
  readonly now: () => number
}

/**
 * Verifies tokens of these issuers.
 *
 * @throws TypeError when two have the same name, or one allows an unknown or symmetric algorithm
 */
export const createTokenVerifier = ({ issuers, now }: TokenVerifierOptions): TokenVerifier => {
  const trusted = new Map(issuers.map((each) => [each.issuer, each]))
  if (trusted.size < issuers.length) throw new TypeError('two trusted issuers have the same name')
  for (const { issuer, algorithms = ALGORITHMS } of issuers) {
    const unknown = algorithms.filter((each) => !ALGORITHMS.includes(each))
    if (unknown.length === 0) continue
    throw new TypeError(`issuer ${issuer} allows ${unknown}: known are ${ALGORITHMS.join(', ')}`)
  }

  const expected = (issuer: string): Expected | undefined => {
    const found = trusted.get(issuer)
    return found && { ...found, types: ACCESS_TYPES }
  }

  return {
    async verify(token) {
      const signed = await verifySigned(token, expected, now())
      const own = trusted.get(signed.issuer)?.own ?? false
      const { payload, issuer, expires } = signed
      return {
        identity: identify(signed, own),
        access: readAccess(payload.access),
        issuer,
        own,
        ...(typeof payload.jti === 'string' ? { id: payload.jti } : {}),
        expires,
      }
    },
  }
}
