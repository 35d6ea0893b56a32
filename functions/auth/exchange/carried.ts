/**
 * The claims of another issuer's token inside an access token of ours, which was issued in exchange for it
 * (RFC 8693). The policy decides by them at each request, as it does on the token itself.
 *
 * @module
 */

import type { JWTPayload } from 'jose'
import * as z from '../../shared/schema.ts'
import { packClaims, unpackClaims } from '../note.ts'
import type { Policy } from '../policy/policy.ts'
import { claimOf } from '../policy/subject.ts'
import { refusal } from '../refusal.ts'

/** Claims that every token has, and no rule needs once it is verified. */
const USED_UP = ['iat', 'nbf', 'exp', 'jti']

const origin = z.object({
  /** Issuer of the token that ours was issued for. */
  iss: z.string().check(z.minLength(1)),
})

const schema = z.extend(origin, {
  /** Its claims, packed. */
  claims: z.string(),
  /** Names of its claims at the top that the rules had named, if these are all that ours carries. */
  only: z.optional(z.array(z.string())),
})

/** What a token of ours says of the one that it was issued for, as its claim `ext`. */
export type Carried = z.output<typeof schema>

type Claims = Readonly<Record<string, unknown>>

/** Names that a path can begin with: `a.b` is in `a`, or is itself a claim `a.b`. */
const firstNames = (path: readonly string[]): string[] =>
  path.map((_, index) => path.slice(0, index + 1).join('.'))

/** Names of the claims at the top that a policy's rules look at. */
const namedClaims = ({ subjects }: Policy): Set<string> =>
  new Set(subjects.flatMap((subject) => firstNames(claimOf(subject)?.path ?? [])))

const picked = (claims: Claims, names: ReadonlySet<string>): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => names.has(name)))

/**
 * What our token carries of another: all its claims, or if they are too many those that the policy in force
 * looks at.
 *
 * @throws AccessError UNAUTHORIZED when those are too many, too
 */
export const carry = (issuer: string, claims: Claims, policy: Policy): Carried => {
  const kept = Object.fromEntries(
    Object.entries(claims).filter(([name]) => !USED_UP.includes(name)),
  )
  const all = packClaims(kept)
  if (all !== undefined) return { iss: issuer, claims: all }
  const names = namedClaims(policy)
  const some = packClaims(picked(kept, new Set([...names, 'sub'])))
  if (some !== undefined) return { iss: issuer, claims: some, only: [...names] }
  throw refusal(
    'claims',
    'has more claims that the policy looks at than fit a token of this registry: let rules name short ones',
  )
}

/** The token that one of ours was issued for, as far as ours carries it. */
export interface Origin {
  readonly issuer: string
  readonly claims: Claims
  readonly only: Carried['only']
}

/** Reads what {@link carry} made. @throws AccessError UNAUTHORIZED for anything else */
export const readCarried = ({ ext }: JWTPayload): Origin => {
  try {
    const { iss, claims, only } = schema.parse(ext)
    return { issuer: iss, claims: unpackClaims(claims), only }
  } catch (cause) {
    throw refusal('claims', 'does not say which token it was issued for', cause)
  }
}

/** The issuer of the token that one of ours for a robot was issued for. @throws AccessError UNAUTHORIZED */
export const readOrigin = ({ ext }: JWTPayload): string => {
  const parsed = origin.safeParse(ext)
  if (parsed.success) return parsed.data.iss
  throw refusal('claims', 'does not say which token it was issued for', parsed.error)
}

/** Whether a token that carries only some claims has all that a policy looks at. */
export const carriesEnough = (only: readonly string[] | undefined, policy: Policy): boolean =>
  only === undefined || [...namedClaims(policy)].every((name) => only.includes(name))
