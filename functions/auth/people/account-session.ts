/**
 * Sessions of this registry's own accounts, for the page: sealed for ourselves in a cookie, so that nothing is kept here and
 * any instance can read them. One ends with its time, and as soon as the account is removed or has another password.
 *
 * @module
 */

import { hkdfSync } from 'node:crypto'
import { decrypt, encrypt } from '../../shared/encrypted.ts'
import * as z from '../../shared/schema.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Audit } from '../audit.ts'
import type { Caller } from '../authorizer.ts'
import { byPolicy } from '../callers.ts'
import { AccessError } from '../errors.ts'
import { fingerprint, type Identity, nameOf } from '../identity.ts'
import type { Live } from '../live.ts'
import type { Policy } from '../policy/policy.ts'
import { sameText } from '../same-text.ts'
import type { Session } from './session.ts'

/** Seconds of a session. */
export const SESSION_LIFE = 8 * 60 * 60

const schema = z.object({
  name: z.string(),
  /** What it was begun with: see `LogIn.credential`. */
  credential: z.string(),
  /** Milliseconds since 1970. */
  until: z.int(),
})

/** Somebody who looks at the page. */
export interface PageVisitor {
  readonly caller: Caller
  /** Name to show. */
  readonly shown: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** Who is signed in at the page. */
export interface PageSessions {
  /**
   * Begins a session.
   *
   * @param address of the client, by which failures are counted
   * @returns what the browser is to keep
   * @throws AccessError UNAUTHORIZED, TOOMANYREQUESTS, UNAVAILABLE
   */
  signIn(name: string, password: string, address: string): Promise<string>
  /** Whose a session of an account is; undefined if it has ended. @throws AccessError UNAVAILABLE */
  read(sealed: string): Promise<PageVisitor | undefined>
  /** Whose a session of somebody is that has logged in at an issuer. @throws AccessError UNAUTHORIZED */
  ofPerson(session: Session): Promise<PageVisitor>
}

export interface PageSessionsOptions {
  readonly accounts: Accounts
  readonly policy: Live<Policy>
  readonly audit: Audit
  /** The 32 bytes that seal upload states. */
  readonly root: () => Promise<Uint8Array>
  /** Clock in milliseconds. */
  readonly now: () => number
}

/** The key of these cookies, derived from the secret of upload states: it is kept nowhere. */
const keyOf = (root: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', root, '', 'slipway page session 1', 32))

/** Sessions by the accounts and the policy as they are at the moment. */
export const createPageSessions = (options: PageSessionsOptions): PageSessions => {
  const { accounts, policy, audit, root, now } = options

  const authenticate = async (name: string, password: string, address: string) => {
    const found = await accounts.authenticate(name, password, address)
    if (found !== undefined && found.credential !== '') return found
    throw new AccessError('UNAUTHORIZED', 'wrong name or password')
  }

  const visitor = async (
    identity: Identity,
    shown: string,
    expires: number,
    credential?: string,
  ): Promise<PageVisitor> => {
    const { name } = identity
    const note =
      credential === undefined ? undefined : ({ by: 'account', name, credential } as const)
    // As with a password: what it may not do is refused, and not asked for again.
    const caller = byPolicy(await policy.get(), identity, 'basic', () => note)
    return { caller, shown, expires }
  }

  return {
    async signIn(name, password, address) {
      const base = { event: 'login', what: 'page', from: address } as const
      try {
        const { identity, credential } = await authenticate(name, password, address)
        audit({ ...base, who: nameOf(identity), outcome: 'ok' })
        const bound = fingerprint(credential)
        const session = {
          name: identity.name,
          credential: bound,
          until: now() + SESSION_LIFE * 1000,
        }
        return encrypt(session, keyOf(await root()))
      } catch (error) {
        const why = error instanceof Error ? error.message : 'failed'
        audit({ ...base, who: `user:${name.slice(0, 128)}`, outcome: 'failed', why })
        throw error
      }
    },

    async read(sealed) {
      const { data } = schema.safeParse(decrypt(sealed, keyOf(await root())))
      if (data === undefined || data.until <= now()) return undefined
      const { name, credential, until } = data
      const current = await accounts.credentials(name)
      if (!current.some((each) => sameText(fingerprint(each), credential))) return undefined
      const identity = await accounts.lookup(name)
      return identity && visitor(identity, name, until, credential)
    },

    async ofPerson({ identity, shown, expires, requester }) {
      // What the policy looks at by now may be more than the session has.
      requester.binds?.(await policy.get(), SESSION_LIFE)
      return visitor(identity, shown, expires)
    },
  }
}
