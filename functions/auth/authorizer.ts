/**
 * The interface by which the HTTP layer asks who may do what, and the authorizer of an open registry.
 *
 * @module
 */

import type { Access, Action } from './access.ts'
import { ANONYMOUS, type Identity } from './identity.ts'

/** What a request brings to identify its caller. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** Address of the client, to throttle failed log-ins and for the audit. */
  readonly address: string
}

/** A caller and its rights, as decided when the request began. */
export interface Caller {
  readonly identity: Identity
  /** How it authenticated. */
  readonly via: 'nothing' | 'basic' | 'bearer'
  allows(repository: string, action: Action): boolean
  /** Whether it may list the catalog at all; the entries are then filtered by `lists`. */
  readonly mayList: boolean
  lists(repository: string): boolean
  /** Whether it may pull from every repository, so that a mount need not name its source. */
  readonly pullsEverything: boolean
  /** Whether it may do everything, so that there is no reason to log in. */
  readonly unrestricted: boolean
}

/** What is wrong with a bearer token (RFC 6750 section 3.1). */
export type ChallengeError = 'invalid_token' | 'insufficient_scope'

export interface Challenge {
  /** Scheme and host as the client sees them: `https://registry.example`. */
  readonly origin: string
  /** What the client should request. */
  readonly access: readonly Access[]
  readonly error?: ChallengeError
}

export interface Authorizer {
  /**
   * Identifies the caller of a request.
   *
   * @throws AccessError UNAUTHORIZED for credentials that are wrong or have expired,
   *   TOOMANYREQUESTS for too many wrong ones
   */
  identify(credentials: Credentials): Promise<Caller>
  /** The WWW-Authenticate value that tells a client how to authenticate. */
  challenge(challenge: Challenge): string
}

/** Everyone may do everything. */
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
