/**
 * Verifies refresh tokens at the token endpoint: only our own are accepted.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { fingerprint } from '../identity.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { refusal } from '../refusal.ts'
import { sameText } from '../same-text.ts'
import { type OwnKind, ownKind, REFRESH_TYPE, refreshAudience } from './claims.ts'
import { ownTokens, readToken, untrusted } from './verify.ts'

/** Whom a refresh token was issued to. */
export interface RefreshSubject {
  readonly kind: OwnKind
  readonly name: string
}

/** What a refresh token proves. */
export interface VerifiedRefresh extends RefreshSubject {
  /** Its `jti`, for the audit trail. */
  readonly id: string
  /** {@link fingerprint} of the password or secret that it is bound to. */
  readonly credential: string
  /** Milliseconds since 1970, without leeway. */
  readonly expires: number
}

export interface RefreshVerifierOptions {
  /** Our `iss`. */
  readonly issuer: string
  /** The `service` it was issued for. */
  readonly audience: string
  readonly keys: SigningKeys
  /**
   * The account's current credentials, each as passed to `issueRefreshToken`; several for a robot
   * with several secrets, none if the account no longer exists or can no longer log in.
   */
  readonly credentials: (subject: RefreshSubject) => Promise<readonly string[]>
  /** Clock in milliseconds. */
  readonly now: () => number
}

const schema = z.object({ sub: z.string(), kind: ownKind, cred: z.string(), jti: z.string() })

/**
 * Makes a function that verifies refresh tokens. It throws AccessError UNAUTHORIZED, `reason`
 * `credential` when the account's password or secret has changed since, or the account was removed.
 */
export const createRefreshVerifier = (options: RefreshVerifierOptions) => {
  const { issuer, keys, credentials, now } = options
  const verifyOwn = ownTokens(keys, {
    types: [REFRESH_TYPE],
    issuer,
    audience: refreshAudience(options.audience),
    now,
  })
  return async function verifyRefreshToken(text: string): Promise<VerifiedRefresh> {
    const token = readToken(text)
    if (token.issuer !== issuer) throw untrusted(token.issuer)
    const { payload, expires } = await verifyOwn(token)
    const parsed = schema.safeParse(payload)
    if (!parsed.success) throw refusal('claims', 'is not a complete refresh token', parsed.error)
    const { kind, sub: name, cred, jti } = parsed.data
    const current = await credentials({ kind, name })
    if (!current.some((credential) => sameText(fingerprint(credential), cred))) {
      throw refusal('credential', 'was issued for a password or secret that is no longer valid')
    }
    return { kind, name, id: jti, credential: cred, expires }
  }
}
