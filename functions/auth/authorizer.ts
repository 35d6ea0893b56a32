/**
 * The interface by which the HTTP layer asks who may do what, and the authorizer of an open registry.
 *
 * @module
 */

import type { Access, Action } from './access.ts'
import type { ClientCertificate } from './certificate.ts'
import { ANONYMOUS, type Identity } from './identity.ts'
import { writeNote } from './note.ts'
import type { Requirement } from './policy/requirement.ts'

/** What a request brings to identify its caller. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** What the client showed in the TLS handshake, if that was accepted. */
  readonly certificate?: ClientCertificate | undefined
  /** Address of the client, to throttle failed log-ins and for the audit. */
  readonly address: string
}

/** A caller and its rights, as decided when the request began. */
export interface Caller {
  readonly identity: Identity
  /** How it authenticated. */
  readonly via: 'nothing' | 'certificate' | 'basic' | 'bearer'
  allows(repository: string, action: Action): boolean
  /** Whether it may list the catalog at all; the entries are then filtered by `lists`. */
  readonly mayList: boolean
  lists(repository: string): boolean
  /** Whether `lists` says yes to all. No may be wrong. Found out when it is asked for. */
  listsAll(): boolean
  /**
   * What it may administer: all, which is accounts, policy and the like, and every repository; or some repositories, as
   * `allows` tells. Found out when it is asked for.
   */
  administers(): 'all' | 'some' | 'nothing'
  /** Whether it may pull from every repository, so that a mount need not name its source. */
  readonly pullsEverything: boolean
  /** Whether it may do everything, so that there is no reason to log in. */
  readonly unrestricted: boolean
  /** Set where there is no access control at all. */
  readonly open?: true
  /**
   * A note of the caller for `Authorizer.lapsed`, at most some 3 KB; undefined if it would be longer.
   */
  note(): string | undefined
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
  /**
   * Why the caller of a note may no longer push to a repository, or do something else; undefined if it still may.
   *
   * @throws AccessError UNAVAILABLE while what decides it cannot be read
   */
  lapsed(note: string, repository: string, action?: Action): Promise<string | undefined>
  /**
   * What the policy requires of a repository's images, whoever pushes or pulls them; undefined where it is nothing.
   * Absent: there is no policy.
   *
   * @throws AccessError UNAVAILABLE while the policy has never been read
   */
  required?(repository: string): Promise<readonly Requirement[] | undefined>
  /** The WWW-Authenticate value that tells a client how to authenticate. */
  challenge(challenge: Challenge): string
}

/**
 * Everyone may do everything, but nobody moves what is immutable, and nobody administers: there is nobody to name
 * for it.
 */
export const openAuthorizer: Authorizer = {
  async identify() {
    return {
      identity: ANONYMOUS,
      via: 'nothing',
      allows: (_, action) => action !== 'override' && action !== 'admin',
      administers: () => 'nothing',
      mayList: true,
      lists: () => true,
      listsAll: () => true,
      pullsEverything: true,
      unrestricted: true,
      open: true,
      note: () => writeNote({ by: 'anonymous' }),
    }
  },
  lapsed: async () => undefined,
  challenge: () => 'Basic realm="slipway"',
}
