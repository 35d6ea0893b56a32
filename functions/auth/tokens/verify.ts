/**
 * Verifies bearer tokens (RFC 7515 section 5.2, RFC 7519 section 7.2, RFC 8725). A token that this
 * registry issued takes the straight path through this file. Other issuers, and keys under other
 * names, go to ../issuers/ and ../trusted-keys/.
 *
 * @module
 */

import {
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose'
import { quoted } from '../../shared/errors.ts'
import { type Access, readAccess } from '../access.ts'
import { type AwsLogIns, awsIdentity } from '../iam/aws.ts'
import type { Identity } from '../identity.ts'
import { libtrustId } from '../keys/key-id.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { explain, refusal } from '../refusal.ts'
import { allowedAlgorithm, chooseKey } from '../trusted-keys/choose-key.ts'
import { ownKeys } from '../trusted-keys/key-source.ts'
import { ACCESS_TYPES, EXCHANGED, LEEWAY, MAX_READ, OF_AWS, ownKind } from './claims.ts'

/** What a bearer token proves. */
export interface VerifiedToken {
  /** Without groups for our own tokens: they are in the accounts, and may have changed. */
  readonly identity: Identity
  /** What the token grants; see `grants`. */
  readonly access: readonly Access[]
  readonly issuer: string
  /** Whether this registry issued it; `issuer` is then its own, or that of the token exchanged for it. */
  readonly own: boolean
  /** `kid` of the key that signed it, if it is ours. */
  readonly key?: string
  /** What its claim `cred` has: see {@link fingerprint}. */
  readonly credential?: string
  /** Whether it was issued to a robot for a token of another issuer: `credential` is then what the robot is bound to. */
  readonly byBinding?: boolean
  /** Names of the claims that it carries, if it was issued for another and these are not all. */
  readonly only?: readonly string[]
  /** Its `jti`, for the audit trail. */
  readonly id?: string
  /** Milliseconds since 1970, without leeway. */
  readonly expires: number
}

export interface TokenVerifier {
  /**
   * Verifies an access token.
   *
   * @param token what follows `Bearer `
   * @throws AccessError UNAUTHORIZED, whose message says why and whose `detail.reason` is a
   *   `RefusalReason`; UNAVAILABLE when the issuer's keys cannot be read or fetched
   */
  verify(token: string): Promise<VerifiedToken>
  /** Whether tokens of an issuer are accepted; as `verify`, it throws UNAVAILABLE. */
  trusts(issuer: string): Promise<boolean>
  /** Whether a caller of AWS may log in. @param arn of a user or role */
  acceptsAws(arn: string): boolean
  /** Whether tokens are accepted that were signed by the key of ours with this `kid`. */
  hasKey(kid: string): Promise<boolean>
}

/** A token that has been read but not verified. */
export interface ReadToken {
  readonly token: string
  readonly header: ProtectedHeaderParameters
  /** Its `iss`, of whatever type. */
  readonly issuer: unknown
}

/** What header and claims of a token are checked against. */
export interface Demands {
  /** Accepted values of the header `typ`, in lower case; undefined means without it. */
  readonly types: readonly (string | undefined)[]
  readonly issuer: string
  /** What `aud` must be or contain. */
  readonly audience: string
  /** Clock in milliseconds. */
  readonly now: () => number
}

/** The claims of a token whose signature is right. */
export interface SignedClaims {
  readonly payload: JWTPayload
  /** Milliseconds since 1970, without leeway. */
  readonly expires: number
}

/**
 * Reads a token.
 *
 * @throws AccessError UNAUTHORIZED for one that is missing, too long, or not a signed JWT
 */
export const readToken = (token: string): ReadToken => {
  if (token === '') throw refusal('missing', 'is missing')
  if (token.length > MAX_READ) {
    throw refusal('too-long', `has ${token.length} characters, more than the ${MAX_READ} allowed`)
  }
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw refusal('malformed', 'is not a signed JWT')
  let header: ProtectedHeaderParameters
  let issuer: unknown
  try {
    header = decodeProtectedHeader(token)
    issuer = decodeJwt(token).iss
  } catch (cause) {
    throw refusal('malformed', 'is not a signed JWT', cause)
  }
  if (header.crit !== undefined) {
    throw refusal('critical', 'has a crit header, and this registry supports no extensions')
  }
  return { token, header, issuer }
}

/** The refusal of a token whose issuer is not trusted. */
export const untrusted = (issuer: unknown): Error =>
  refusal('issuer', `is from the issuer ${quoted(String(issuer))}, which is not trusted`)

/** Checks the header's `typ`. @throws AccessError UNAUTHORIZED when it is not one of these */
export const checkType = (
  { typ }: ProtectedHeaderParameters,
  types: readonly (string | undefined)[],
): void => {
  const type: unknown = typ
  const lower = typeof type === 'string' ? type.toLowerCase() : type
  if (types.some((each) => each === lower)) return
  throw refusal('type', `is of type ${quoted(String(type))}, which is not accepted here`)
}

/**
 * Verifies signature, issuer, audience and times.
 *
 * @throws AccessError UNAUTHORIZED, `detail.reason` a `RefusalReason`
 */
export const verifySigned = async (
  token: string,
  key: Parameters<typeof jwtVerify>[1],
  algorithm: string,
  { issuer, audience, now }: Demands,
): Promise<SignedClaims> => {
  const at = now()
  const { payload } = await jwtVerify(token, key, {
    algorithms: [algorithm],
    issuer,
    audience,
    clockTolerance: LEEWAY,
    currentDate: new Date(at),
  }).catch((error: unknown) => {
    throw explain(error)
  })
  const seconds = payload.exp ?? Number.NaN
  if (!Number.isFinite(seconds)) throw refusal('claims', 'has no valid claim "exp"')
  if ((payload.iat ?? 0) > at / 1000 + LEEWAY) {
    throw refusal('issued-later', 'claims to be issued in the future')
  }
  return { payload, expires: seconds * 1000 }
}

/**
 * Makes a function that verifies tokens of this registry. It throws AccessError UNAUTHORIZED, and
 * UNAVAILABLE when our keys cannot be read now.
 */
export const ownTokens = (keys: SigningKeys, demands: Demands) => {
  const anyName = ownKeys(keys)
  return async ({ token, header }: ReadToken): Promise<SignedClaims & { readonly kid: string }> => {
    checkType(header, demands.types)
    const { alg, kid, jwk } = header
    if (alg === 'ES256' && jwk === undefined) {
      const key = (await keys.published()).find((each) => each.kid === kid)
      if (key !== undefined) {
        return { ...(await verifySigned(token, key, alg, demands)), kid: key.kid }
      }
    }
    // The key goes by another of its names, or is newer than those known here, or is not ours.
    const algorithm = allowedAlgorithm(header)
    const key = await chooseKey(header, algorithm, anyName, demands.now())
    return { ...(await verifySigned(token, key, algorithm, demands)), kid: libtrustId(key) }
  }
}

/** What every access token says beside whom it was issued to. */
export const grantsOf = ({ payload, expires }: SignedClaims) => ({
  access: readAccess(payload.access),
  ...(typeof payload.jti === 'string' ? { id: payload.jti } : {}),
  expires,
})

/** Whom a token was issued to. @throws AccessError UNAUTHORIZED */
export const subjectOf = ({ sub = '' }: JWTPayload): string => {
  if (typeof sub === 'string') return sub
  throw refusal('claims', 'has a claim "sub" that is not a string')
}

/** Verifies tokens of other issuers. */
export interface ForeignVerifier {
  /** @throws AccessError UNAUTHORIZED; UNAVAILABLE when the issuer's keys cannot be fetched */
  verify(token: ReadToken): Promise<VerifiedToken>
  trusts(issuer: string): boolean
}

export interface TokenVerifierOptions extends Pick<Demands, 'issuer' | 'audience' | 'now'> {
  readonly keys: SigningKeys
  /** The verifier of other issuers' tokens; asked for with every token. */
  readonly others: { get(): Promise<ForeignVerifier> }
  /** Log-ins with credentials of AWS; absent: there are none. */
  readonly aws?: Pick<AwsLogIns, 'accepts'> | undefined
}

/** Verifies access tokens of this registry and of whichever issuers are trusted at the moment. */
export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier => {
  const { issuer, audience, now, keys, others, aws } = options
  const verifyOwn = ownTokens(keys, { types: ACCESS_TYPES, issuer, audience, now })
  return {
    async verify(text) {
      const other = await others.get()
      const token = readToken(text)
      if (token.issuer !== issuer) return other.verify(token)
      const signed = await verifyOwn(token)
      const name = subjectOf(signed.payload)
      if (signed.payload.kind === EXCHANGED) {
        // Loaded only with such a token.
        const { readCarried } = await import('../exchange/carried.ts')
        const { issuer: origin, claims, only } = readCarried(signed.payload)
        if (!other.trusts(origin)) throw untrusted(origin)
        const identity: Identity = { kind: 'token', name, groups: [], claims }
        const some = only === undefined ? {} : { only }
        return {
          identity,
          issuer: origin,
          own: true,
          key: signed.kid,
          ...some,
          ...grantsOf(signed),
        }
      }
      if (signed.payload.kind === OF_AWS) {
        if (!aws?.accepts(name)) {
          throw refusal('issuer', 'is of a user or role of AWS that may not log in here')
        }
        return {
          identity: awsIdentity(name),
          issuer,
          own: true,
          key: signed.kid,
          ...grantsOf(signed),
        }
      }
      const kind = ownKind.safeParse(signed.payload.kind)
      if (!kind.success) throw refusal('claims', 'does not say what kind of account it is for')
      const identity: Identity = { kind: kind.data, name, groups: [], claims: {} }
      const { cred, ext } = signed.payload
      const bound = typeof cred === 'string' ? { credential: cred } : {}
      const common = { identity, own: true, key: signed.kid, ...bound, ...grantsOf(signed) }
      if (ext === undefined) return { ...common, issuer }
      const { readOrigin } = await import('../exchange/carried.ts')
      const origin = readOrigin(signed.payload)
      if (!other.trusts(origin)) throw untrusted(origin)
      return { ...common, issuer: origin, byBinding: true }
    },
    acceptsAws: (arn) => aws?.accepts(arn) ?? false,
    trusts: async (name) => (await others.get()).trusts(name),
    hasKey: async (kid) => (await keys.published()).some((each) => each.kid === kid),
  }
}
