/**
 * Sessions of people: a token of ours in a cookie, which carries the claims of somebody's ID token. It is good for
 * nothing but to be exchanged for access tokens, by the page of this registry; so it has a type and an audience of its
 * own, and is refused wherever other tokens are taken, as they are here.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { carriesEnough, carry, readCarried } from '../exchange/carried.ts'
import type { Identity } from '../identity.ts'
import type { PeopleIssuer } from '../issuers/document.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { claimValues } from '../policy/claims.ts'
import type { Policy } from '../policy/policy.ts'
import { refusal } from '../refusal.ts'
import { EXCHANGED, MAX_ISSUED, SESSION_TYPE, sessionAudience } from '../tokens/claims.ts'
import type { Requester } from '../tokens/granted.ts'
import { type IssuedToken, issue } from '../tokens/issue.ts'
import { ownTokens, readToken, subjectOf, untrusted } from '../tokens/verify.ts'
import type { Person } from './id-token.ts'

/** Hours of a session, unless the document of issuers says less. */
const HOURS = 8
/** Bytes that a browser takes for a cookie less those of its name. */
const MAX_SESSION = MAX_ISSUED - 64
/** Most characters of a name that is shown. */
const MAX_NAME = 100
/** Claims by which people know themselves, the best first. */
const NAMES = ['preferred_username', 'email', 'name', 'sub']
const DEFAULT_GROUPS = 'groups'

const schema = z.object({ client: z.string(), shown: z.string() })

/** Somebody who is logged in. */
export interface Session {
  /** Name to show; nothing is decided by it. */
  readonly shown: string
  readonly identity: Identity
  /** The issuer that somebody logged in at. */
  readonly issuer: string
  /** What its claim of groups has, to show; rules name it as any other claim. */
  readonly groups: readonly string[]
  /** Milliseconds since 1970. */
  readonly expires: number
  /** Who requests access tokens by it, as the token service knows them. */
  readonly requester: Requester
}

export interface SessionOptions {
  readonly keys: SigningKeys
  /** Our `iss`. */
  readonly issuer: string
  readonly service: string
  /** Clock in milliseconds. */
  readonly now: () => number
}

export interface Sessions {
  /** Issues one, with one signature. @throws AccessError UNAUTHORIZED when the claims are too many */
  issue(person: Person, policy: Policy): Promise<IssuedToken>
  /** @throws AccessError UNAUTHORIZED for anything but a session of a client that the registry still is */
  read(text: string): Promise<Session>
}

const shownName = (claims: Person['claims']): string => {
  const name = NAMES.map((each) => claims[each]).find((value) => typeof value === 'string')
  return String(name ?? '').slice(0, MAX_NAME)
}

/** Sessions of the people of one issuer. */
export const createSessions = (
  { trusted, login }: PeopleIssuer,
  { keys, issuer, service, now }: SessionOptions,
): Sessions => {
  const { clientId, groups = DEFAULT_GROUPS, hours = HOURS } = login
  const audience = sessionAudience(service)
  const verifyOwn = ownTokens(keys, { types: [SESSION_TYPE], issuer, audience, now })

  return {
    async issue({ name, claims }, policy) {
      const kind = EXCHANGED as typeof EXCHANGED
      const common = { signer: await keys.signer(), issuer, subject: name, kind, now }
      const issued = await issue({ ...common, lifetime: hours * 60 * 60 }, SESSION_TYPE, audience, {
        ext: carry(trusted.issuer, claims, policy),
        client: clientId,
        shown: shownName(claims),
      })
      if (issued.token.length <= MAX_SESSION) return issued
      throw refusal('too-long', 'has more claims than fit a cookie')
    },

    async read(text) {
      const token = readToken(text)
      if (token.issuer !== issuer) throw untrusted(token.issuer)
      const { payload, expires } = await verifyOwn(token)
      const { issuer: origin, claims, only } = readCarried(payload)
      const { data } = schema.safeParse(payload)
      if (data === undefined) throw refusal('claims', 'is not a session')
      if (origin !== trusted.issuer || data.client !== clientId) throw untrusted(origin)
      const identity: Identity = { kind: 'token', name: subjectOf(payload), groups: [], claims }
      return {
        shown: data.shown,
        identity,
        issuer: origin,
        groups: claimValues(claims, groups.split('.')),
        expires,
        requester: {
          identity,
          more: { token_type: 'Bearer' },
          binds(policy, most) {
            const left = Math.floor((expires - now()) / 1000)
            if (left <= 0) throw refusal('expired', 'has expired')
            if (!carriesEnough(only, policy)) {
              throw refusal('claims', 'does not have what the policy looks at by now: log in again')
            }
            const ext = carry(origin, claims, policy)
            const some = only === undefined ? {} : { only: [...only] }
            return { kind: EXCHANGED, ext: { ...ext, ...some }, lifetime: Math.min(most, left) }
          },
        },
      }
    },
  }
}
