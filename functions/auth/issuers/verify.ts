/**
 * The part of verification that all tokens share: form, signature, issuer, audience, times
 * (RFC 7515 section 5.2, RFC 7519 section 7.2, RFC 8725).
 *
 * @module
 */

import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose'
import { quoted } from '../../shared/errors.ts'
import { type RefusalReason, refusal } from '../refusal.ts'
import { LEEWAY, MAX_READ } from '../tokens/claims.ts'
import { ALGORITHMS, type TokenAlgorithm } from '../trusted-keys/algorithms.ts'
import { chooseKey } from '../trusted-keys/choose-key.ts'
import type { KeySource } from '../trusted-keys/key-source.ts'

/** What a token must be. */
export interface Expected {
  /** Header `typ`, lower case; undefined stands for none. */
  readonly types: readonly (string | undefined)[]
  /** What `aud` must be, or hold. */
  readonly audience: string
  readonly source: KeySource
  readonly algorithms?: readonly TokenAlgorithm[]
}

export interface SignedClaims {
  readonly issuer: string
  readonly payload: JWTPayload
  /** Milliseconds since 1970, without leeway. */
  readonly expires: number
}

/** Header and claims of a token that nobody has verified yet. */
const peek = (token: string) => {
  if (token === '') throw refusal('missing', 'is missing')
  if (token.length > MAX_READ) {
    throw refusal('too-long', `has ${token.length} characters, more than the ${MAX_READ} allowed`)
  }
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw refusal('malformed', 'is no signed JWT')
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
  } catch (cause) {
    throw refusal('malformed', 'is no signed JWT', cause)
  }
}

const allowedAlgorithm = (
  { alg }: ProtectedHeaderParameters,
  allowed: readonly TokenAlgorithm[],
): TokenAlgorithm => {
  const algorithm = allowed.find((each) => each === alg)
  if (algorithm !== undefined) return algorithm
  throw refusal('algorithm', `is signed with ${quoted(String(alg))}, which is not allowed`)
}

const CLAIM_REASONS: Readonly<Record<string, [RefusalReason, string]>> = {
  aud: ['audience', 'is for another service'],
  nbf: ['not-yet-valid', 'is not valid yet'],
}

/** Puts jose's words for a failure into ours. */
const explain = (error: unknown): Error => {
  if (error instanceof errors.JWTExpired) return refusal('expired', 'has expired', error)
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refusal('signature', 'has a wrong signature', error)
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const [reason, why] = CLAIM_REASONS[error.claim] ?? []
    if (reason && why && error.reason === 'check_failed') return refusal(reason, why, error)
    return refusal('claims', `has no proper claim ${quoted(error.claim)}`, error)
  }
  if (error instanceof errors.JOSEError) return refusal('malformed', 'is no signed JWT', error)
  return error instanceof Error ? error : new Error(String(error))
}

/**
 * Verifies a token.
 *
 * @param expected what tokens of an issuer must be; nothing for one that is not trusted
 * @param now milliseconds
 * @throws AccessError UNAUTHORIZED, `detail.reason` a {@link RefusalReason}; UNAVAILABLE when the
 *   issuer's keys cannot be had now
 */
export const verifySigned = async (
  token: string,
  expected: (issuer: string) => Expected | undefined,
  now: number,
): Promise<SignedClaims> => {
  const { header, claims } = peek(token)
  if (header.crit !== undefined) {
    throw refusal('critical', 'has a crit header, and this registry knows no extension')
  }
  const issuer = typeof claims.iss === 'string' ? claims.iss : undefined
  const demands = issuer === undefined ? undefined : expected(issuer)
  if (issuer === undefined || demands === undefined) {
    throw refusal('issuer', `is of the issuer ${quoted(String(claims.iss))}, which is not trusted`)
  }
  const type: unknown = header.typ
  const lower = typeof type === 'string' ? type.toLowerCase() : type
  if (!demands.types.some((each) => each === lower)) {
    throw refusal('type', `is of type ${quoted(String(type))}, which is of no use here`)
  }
  const algorithm = allowedAlgorithm(header, demands.algorithms ?? ALGORITHMS)
  const key = await chooseKey(header, algorithm, demands.source, now)
  const { payload } = await jwtVerify(token, key, {
    algorithms: [algorithm],
    issuer,
    audience: demands.audience,
    clockTolerance: LEEWAY,
    currentDate: new Date(now),
  }).catch((error: unknown) => {
    throw explain(error)
  })
  const seconds = payload.exp ?? Number.NaN
  if (!Number.isFinite(seconds)) throw refusal('claims', 'has no proper claim "exp"')
  if ((payload.iat ?? 0) > now / 1000 + LEEWAY) {
    throw refusal('issued-later', 'says that it was issued in the future')
  }
  return { issuer, payload, expires: seconds * 1000 }
}
