/**
 * Token exchange (RFC 8693): somebody logs in with a token of another issuer, as the password of any user name or as
 * the subject token of an exchange, and gets one of ours that is bound to its claims.
 *
 * @module
 */

import { quoted } from '../../shared/errors.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { fingerprint, type Identity } from '../identity.ts'
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

/** A robot that a token of another issuer stands for. */
export interface BoundRobot {
  readonly identity: Identity
  /** Fingerprint of the claims that the robot is bound to. */
  readonly bound: string
}

/**
 * The robot that somebody logs in as with a verified token.
 *
 * @param account as robots log in: `robot+<name>`
 * @throws AccessError UNAUTHORIZED when the robot is not bound to what the token says
 */
export const robotByToken = async (
  accounts: Accounts,
  account: string,
  { identity: { claims } }: VerifiedToken,
): Promise<BoundRobot> => {
  const [binding, identity] = await Promise.all([
    accounts.binding(account),
    accounts.lookup(account),
  ])
  const name = quoted(account)
  if (binding === undefined || identity === undefined) {
    throw refusal(
      'claims',
      `is not one for ${name}: there is no such robot that logs in with a token`,
    )
  }
  const fault = binding.fault(claims)
  if (fault !== undefined) throw refusal('claims', `is not one for ${name}: ${fault}`)
  return { identity, bound: fingerprint(binding.credential) }
}

/** What is exchanged. */
export interface Exchange {
  readonly verifier: TokenVerifier
  readonly accounts: Accounts
  /** Clock in milliseconds. */
  readonly now: () => number
}

/**
 * Who a token of another issuer is about, and what a token of ours that is issued for it is bound to. It never
 * outlives the other, and is not refreshed.
 *
 * @param robot the account, where it stands for a robot's secret
 * @throws AccessError as {@link passwordToken} and {@link robotByToken}
 */
export const exchangeToken = async (
  { verifier, accounts, now }: Exchange,
  token: string,
  robot: string | undefined,
): Promise<Requester> => {
  const verified = await passwordToken(verifier, token)
  const { identity, issuer, expires, id } = verified
  const lives = (most: number): number => {
    const left = Math.floor((expires - now()) / 1000)
    if (left <= 0) throw refusal('expired', 'has expired')
    return Math.min(most, left)
  }
  const common = { more: ISSUED, ...(id === undefined ? {} : { token: id }) }
  if (robot !== undefined) {
    const found = await robotByToken(accounts, robot, verified)
    const ext = { iss: issuer }
    return { ...common, ...found, binds: (_, most) => ({ ext, lifetime: lives(most) }) }
  }
  return {
    ...common,
    identity,
    binds(policy, most) {
      const lifetime = lives(most)
      return { kind: EXCHANGED, ext: carry(issuer, identity.claims, policy), lifetime }
    },
  }
}
