/**
 * Who may do what: the question the HTTP layer asks, and the answer of a registry open to all.
 *
 * @module
 */

import type { Access, Action } from './access.ts'
import { ANONYMOUS, type Identity } from './identity.ts'

/** Where a request comes from and what it shows. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** Address of the client, for slowing down guesses and for the audit. */
  readonly address: string
}

/** A caller and what it may do, as decided when the request began. */
export interface Caller {
  readonly identity: Identity
  /** How it showed who it is. */
  readonly via: 'nothing' | 'basic' | 'bearer'
  allows(repository: string, action: Action): boolean
  /** Whether it may ask for the catalog at all; the entries are then filtered by `lists`. */
  readonly mayList: boolean
  lists(repository: string): boolean
  /** Whether it may pull whatever there is, so that a mount need not name its source. */
  readonly pullsEverything: boolean
  /** Whether it may do everything there is, so that nothing is gained by logging in. */
  readonly unrestricted: boolean
}

/** What is wrong with a bearer token, in the words of RFC 6750. */
export type ChallengeError = 'invalid_token' | 'insufficient_scope'

export interface Challenge {
  /** Scheme and host as the client sees them: `https://registry.example`. */
  readonly origin: string
  /** What the client should ask for. */
  readonly access: readonly Access[]
  readonly error?: ChallengeError
}

export interface Authorizer {
  /**
   * Finds out who makes a request.
   *
   * @throws AccessError UNAUTHORIZED for credentials that are wrong or have ended,
   *   TOOMANYREQUESTS for too many wrong ones
   */
  identify(credentials: Credentials): Promise<Caller>
  /** The WWW-Authenticate value that tells a client how to show who it is. */
  challenge(challenge: Challenge): string
}

/** Everybody may do everything. */
export const openAuthorizer: Authorizer = {
  async identify() {
    return {
      identity: ANONYMOUS,
      via: 'nothing',
      allows: () => true,
      mayList: true,
      lists: () => true,
      pullsEverything: true,
      unrestricted: true,
    }
  },
  challenge: () => 'Basic realm="slipway"',
}
