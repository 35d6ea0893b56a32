/**
 * Issues our tokens: access tokens for the registry, refresh tokens for the token endpoint.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { type Access, mergeAccess } from '../access.ts'
import { AccessError } from '../errors.ts'
import type { Carried } from '../exchange/carried.ts'
import { fingerprint } from '../identity.ts'
import type { Signer } from '../keys/signing-keys.ts'
import {
  ACCESS_TYPE,
  type IssuedKind,
  MAX_ISSUED,
  REFRESH_TYPE,
  refreshAudience,
} from './claims.ts'

/** What all of our tokens need. */
export interface IssueOptions {
  readonly signer: Signer
  /** Our `iss`, which verifiers are configured with. */
  readonly issuer: string
  /** Account name; empty for anonymous callers. */
  readonly subject: string
  readonly kind: IssuedKind
  /** Seconds. */
  readonly lifetime: number
  /** Clock in milliseconds. */
  readonly now: () => number
}

export interface AccessTokenOptions extends IssueOptions {
  /** The `service` of the challenge: the registry the token is for. */
  readonly audience: string
  /** What is granted; may be empty. */
  readonly access: readonly Access[]
  /** {@link fingerprint} of the password or secret that it was requested with. */
  readonly credential?: string | undefined
  /** The token of another issuer that it is issued for. */
  readonly ext?: Carried | Pick<Carried, 'iss'> | undefined
}

export interface RefreshTokenOptions extends IssueOptions {
  /** The `service` whose token endpoint will accept it. */
  readonly audience: string
  /**
   * A string that changes when the account's password or secret does, such as its bcrypt hash. Only
   * a one-way hash of it goes into the token.
   */
  readonly credential: string
}

/** A token, and what the token endpoint's response says about it. */
export interface IssuedToken {
  readonly token: string
  /** Its `jti`, for the audit trail; useless to a thief. */
  readonly id: string
  /** Seconds: `expires_in` of the response. */
  readonly lifetime: number
  /** Milliseconds since 1970, in whole seconds: `issued_at` of the response. */
  readonly issuedAt: number
}

const part = (value: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Signs claims in JWS compact form (RFC 7515 section 7.1); `alg` and `kid` are the signer's. jose
 * signs only with keys it holds.
 */
const signCompact = async (
  signer: Signer,
  type: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> => {
  const header = { typ: type, alg: signer.algorithm, kid: signer.kid }
  const input = `${part(header)}.${part(claims)}`
  const signature = await signer.sign(new TextEncoder().encode(input))
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}

/** Issues a token of any type, with more claims than all of them have. @param type its header `typ` */
export const issue = async (
  options: IssueOptions,
  type: string,
  audience: string,
  more: Readonly<Record<string, unknown>>,
): Promise<IssuedToken> => {
  const { signer, issuer, subject, kind, lifetime, now } = options
  const iat = Math.floor(now() / 1000)
  const id = randomBytes(16).toString('base64url')
  const times = { iat, nbf: iat, exp: iat + lifetime }
  const claims = { iss: issuer, sub: subject, aud: audience, ...times, jti: id, kind, ...more }
  const token = await signCompact(signer, type, claims)
  return { token, id, lifetime, issuedAt: iat * 1000 }
}

/**
 * Issues an access token (Docker token specification, "Using the signed token").
 *
 * A grant too long for {@link MAX_ISSUED} is refused rather than truncated: a client cannot tell a
 * truncated grant from a refusal by policy, and would report that it lacks rights which it has.
 *
 * @throws AccessError TOO_MANY_SCOPES when the token would be too long
 */
export const issueToken = async (options: AccessTokenOptions): Promise<IssuedToken> => {
  const access = mergeAccess(options.access)
  const issued = await issue(options, ACCESS_TYPE, options.audience, {
    access,
    ...(options.credential === undefined ? {} : { cred: options.credential }),
    ...(options.ext === undefined ? {} : { ext: options.ext }),
  })
  const size = issued.token.length
  if (size > MAX_ISSUED) {
    throw new AccessError(
      'TOO_MANY_SCOPES',
      `a token for these ${access.length} scopes would take ${size} bytes, more than the ${MAX_ISSUED} that fit a header: request fewer scopes at a time`,
      { detail: { scopes: access.length, size, limit: MAX_ISSUED } },
    )
  }
  return issued
}

/** Issues a refresh token (Docker's "identity token"), valid only at the token endpoint. */
export const issueRefreshToken = (options: RefreshTokenOptions): Promise<IssuedToken> =>
  issue(options, REFRESH_TYPE, refreshAudience(options.audience), {
    cred: fingerprint(options.credential),
  })
