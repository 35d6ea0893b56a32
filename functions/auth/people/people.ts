/**
 * How people log in with a browser, at one of the trusted issuers: OpenID Connect's code flow with PKCE. Nothing is
 * kept here: what a log-in needs until its end, and the session after it, are in cookies.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { quoted } from '../../shared/errors.ts'
import type { Audit } from '../audit.ts'
import { AccessError } from '../errors.ts'
import { nameOf } from '../identity.ts'
import type { PeopleIssuer } from '../issuers/document.ts'
import type { Live } from '../live.ts'
import type { Policy } from '../policy/policy.ts'
import { sameText } from '../same-text.ts'
import type { IssuedToken } from '../tokens/issue.ts'
import { openBegun, sealBegun } from './begun.ts'
import { idTokens } from './id-token.ts'
import { createProvider } from './provider.ts'
import { createSessions, type Session, type SessionOptions } from './session.ts'

export interface PeopleOptions extends SessionOptions {
  readonly policy: Live<Policy>
  readonly audit: Audit
  /** The 32 bytes that seal upload states. */
  readonly root: () => Promise<Uint8Array>
  /** Of the client that this registry is at the issuer, if that gave it one. */
  readonly clientSecret: string | undefined
}

/** What the issuer sends the browser back with (RFC 6749 section 4.1.2, RFC 9207). */
export interface Returned {
  readonly state: string | undefined
  readonly code: string | undefined
  readonly iss: string | undefined
  readonly error: string | undefined
}

/** A browser that came back. */
export interface Return {
  readonly returned: Returned
  /** What {@link People.begin} sealed. */
  readonly sealed: string | undefined
  /** Where it came back to. */
  readonly redirectUri: string
  /** Address of the client. */
  readonly address: string
}

export interface People {
  /**
   * Begins a log-in.
   *
   * @param returnTo a path of this registry
   * @param redirectUri where the issuer is to send the browser back to
   * @returns where to send it, and what it is to keep meanwhile
   * @throws AccessError UNAVAILABLE
   */
  begin(
    returnTo: string,
    redirectUri: string,
  ): Promise<{ readonly url: string; readonly sealed: string }>
  /**
   * Ends a log-in.
   *
   * @throws AccessError UNAUTHORIZED, UNAVAILABLE
   */
  finish(back: Return): Promise<{ readonly session: IssuedToken; readonly returnTo: string }>
  /** Who is logged in. @throws AccessError UNAUTHORIZED */
  session(text: string): Promise<Session>
}

const random = (): string => randomBytes(32).toString('base64url')

const refused = (why: string): AccessError => new AccessError('UNAUTHORIZED', why)

/** How people log in at an issuer. */
export const createPeople = (at: PeopleIssuer, options: PeopleOptions): People => {
  const { policy, audit, root, clientSecret, now } = options
  const { issuer } = at.trusted
  const provider = createProvider(at, clientSecret, now)
  const verify = idTokens(at, now)
  const sessions = createSessions(at, options)

  const finish = async ({ returned, sealed, redirectUri }: Return) => {
    const begun = openBegun(await root(), sealed ?? '', now())
    const { state, code, iss, error } = returned
    if (begun.at !== issuer || !sameText(state ?? '', begun.state)) {
      throw refused('the response is to another log-in: begin again at /auth/login')
    }
    // Another issuer's response, which a browser was made to bring here.
    if (iss === undefined ? await provider.namesItself() : iss !== issuer) {
      throw refused('the response is from another issuer: begin again at /auth/login')
    }
    if (error !== undefined) throw refused(`the issuer let nobody in: ${quoted(error)}`)
    if (code === undefined) throw refused('the response has no code: begin again at /auth/login')
    const person = await verify(await provider.redeem(code, begun, redirectUri), begun)
    const session = await sessions.issue(person, await policy.get())
    return { person, session, returnTo: begun.returnTo }
  }

  return {
    async begin(returnTo, redirectUri) {
      const since = Math.floor(now() / 1000)
      const secrets = { state: random(), nonce: random(), verifier: random() }
      const begun = { at: issuer, ...secrets, returnTo, since }
      const url = await provider.authorizationUrl(begun, redirectUri)
      return { url, sealed: sealBegun(await root(), begun) }
    },

    async finish(back) {
      const base = { event: 'login', what: 'code', from: back.address } as const
      try {
        const { person, session, returnTo } = await finish(back)
        const who = nameOf({ kind: 'token', groups: [], ...person })
        audit({ ...base, who, outcome: 'ok', token: session.id })
        return { session, returnTo }
      } catch (error) {
        const why = error instanceof Error ? error.message : 'failed'
        audit({ ...base, outcome: 'failed', why })
        throw error
      }
    },

    session: (text) => sessions.read(text),
  }
}
