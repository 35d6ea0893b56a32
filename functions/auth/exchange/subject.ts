/**
 * Who logs in with a token of another issuer: as the password of any user name, or as the subject token of an
 * exchange (RFC 8693 section 2.1).
 *
 * @module
 */

import type { Identity } from '../identity.ts'
import { refusal } from '../refusal.ts'
import type { TokenVerifier } from '../tokens/verify.ts'

/** What a token that somebody logs in with proves. */
export interface SubjectToken {
  /** Of the kind `token`. */
  readonly identity: Identity
  readonly issuer: string
  /** Milliseconds since 1970, without leeway. */
  readonly expires: number
}

/**
 * Verifies a token that somebody logs in with.
 *
 * @throws AccessError UNAUTHORIZED for one that is not valid, that this registry issued, or that grants rights
 *   itself; UNAVAILABLE when its issuer's keys cannot be fetched
 */
export const verifySubject = async (
  verifier: TokenVerifier,
  token: string,
): Promise<SubjectToken> => {
  const { own, identity, issuer, expires } = await verifier.verify(token)
  if (own) {
    throw refusal(
      'issuer',
      'is one that this registry issued, which cannot be exchanged for another: log in as before',
    )
  }
  if (identity.claims.access !== undefined) {
    throw refusal('claims', 'says itself what it grants: send it to the registry as a Bearer token')
  }
  return { identity, issuer, expires }
}
