/**
 * Token exchange (RFC 8693): somebody logs in with a token of another issuer, as the password of any user name or as
 * the subject token of an exchange, and gets one of ours that is bound to its claims.
 *
 * @module
 */

import { refusal } from '../refusal.ts'
import { EXCHANGED } from '../tokens/claims.ts'
import type { Requester } from '../tokens/granted.ts'
import type { TokenVerifier, VerifiedToken } from '../tokens/verify.ts'
import { carry } from './carried.ts'

/** What the response says beside the token (RFC 8693 section 2.2.1). */
const ISSUED = {
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
} as const

/**
 * Verifies a token that somebody logs in with.
 *
 * @throws AccessError UNAUTHORIZED for one that is not valid, that this registry issued, or that grants rights
 *   itself; UNAVAILABLE when its issuer's keys cannot be fetched
 */
export const passwordToken = async (
  verifier: TokenVerifier,
  token: string,
): Promise<VerifiedToken> => {
  const verified = await verifier.verify(token)
  if (verified.own) {
    throw refusal(
      'issuer',
      'is one that this registry issued, which cannot be exchanged for another: log in as before',
    )
  }
  if (verified.identity.claims.access !== undefined) {
    throw refusal('claims', 'says itself what it grants: send it to the registry as a Bearer token')
  }
  return verified
}

/**
 * Who a token of another issuer is about, and what a token of ours that is issued for it is bound to. It never
 * outlives the other, and is not refreshed.
 *
 * @param now clock in milliseconds
 * @throws AccessError as {@link passwordToken}
 */
export const exchangeToken = async (
  verifier: TokenVerifier,
  token: string,
  now: () => number,
): Promise<Requester> => {
  const { identity, issuer, expires } = await passwordToken(verifier, token)
  return {
    identity,
    more: ISSUED,
    binds(policy, most) {
      const left = Math.floor((expires - now()) / 1000)
      if (left <= 0) throw refusal('expired', 'has expired')
      const ext = carry(issuer, identity.claims, policy)
      return { kind: EXCHANGED, ext, lifetime: Math.min(most, left) }
    },
  }
}
