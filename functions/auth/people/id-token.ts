/**
 * Verifies ID tokens (OpenID Connect Core section 3.1.3.7): by the rules for the other tokens of their issuer, for
 * the client that this registry is there, and for the log-in that was begun.
 *
 * @module
 */

import type { PeopleIssuer } from '../issuers/document.ts'
import { foreignVerifier } from '../issuers/verify.ts'
import { refusal } from '../refusal.ts'
import { sameText } from '../same-text.ts'
import { LEEWAY } from '../tokens/claims.ts'
import { readToken, type VerifiedToken } from '../tokens/verify.ts'
import type { Begun } from './begun.ts'

/** Claims that have done their service, and no rule names. */
const USED_UP = ['nonce', 'at_hash', 'c_hash', 's_hash']

/** Whom an ID token is about. */
export type Person = Pick<VerifiedToken['identity'], 'name' | 'claims'>

/**
 * Makes a function that verifies an ID token.
 *
 * @param now clock in milliseconds
 * @returns one that throws AccessError UNAUTHORIZED, and UNAVAILABLE when the issuer's keys cannot be fetched
 */
export const idTokens = ({ trusted, login }: PeopleIssuer, now: () => number) => {
  const { clientId } = login
  const verifier = foreignVerifier([{ ...trusted, audience: clientId }], now)

  return async (text: string, { nonce, since }: Begun): Promise<Person> => {
    const { name, claims } = (await verifier.verify(readToken(text))).identity
    if (typeof claims.nonce !== 'string' || !sameText(claims.nonce, nonce)) {
      throw refusal('claims', 'is for another log-in: it has another nonce')
    }
    const several = Array.isArray(claims.aud) && claims.aud.length > 1
    if ((claims.azp ?? (several ? undefined : clientId)) !== clientId) {
      throw refusal('audience', 'was issued to another client: see its claim azp')
    }
    if (typeof claims.iat !== 'number' || claims.iat < since - LEEWAY) {
      throw refusal('claims', 'was issued before the log-in began')
    }
    if (name === '') throw refusal('claims', 'does not say whom it is about')
    // It would be for the registry, and no person.
    if (claims.access !== undefined) throw refusal('claims', 'says itself what it grants')
    const kept = Object.entries(claims).filter(([claim]) => !USED_UP.includes(claim))
    return { name, claims: Object.fromEntries(kept) }
  }
}
