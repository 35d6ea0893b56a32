/**
 * Whom the token endpoint issues a token to, and its response.
 *
 * @module
 */

import type { Identity } from '../identity.ts'
import type { Policy } from '../policy/policy.ts'
import type { AccessTokenOptions } from './issue.ts'

/** The response of the endpoint, with the names on the wire. */
export interface TokenResponse {
  readonly token: string
  readonly access_token: string
  /** Seconds. */
  readonly expires_in: number
  /** RFC 3339. */
  readonly issued_at: string
  /** What was granted, for POST (RFC 6749 section 5.1). */
  readonly scope: string
  readonly refresh_token?: string
  /** Of an exchange (RFC 8693 section 2.2.1). */
  readonly issued_token_type?: string
  readonly token_type?: string
}

/** Who requests a token. */
export interface Requester {
  readonly identity: Identity
  /** What a refresh token is bound to; absent if none is issued. */
  readonly credential?: string
  /**
   * Fingerprint of the password, the secret or the claims that a robot is bound to; absent for anonymous callers
   * and for tokens of another issuer.
   */
  readonly bound?: string
  /** What binds the token to the one of another issuer that it is issued for. @param most seconds */
  readonly binds?: (policy: Policy, most: number) => Partial<AccessTokenOptions>
  /** Id of the token of another issuer, for the audit trail. */
  readonly token?: string
  /** What else the response says. */
  readonly more?: Partial<TokenResponse>
}
