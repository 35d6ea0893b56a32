/**
 * The claims of our tokens, and what tells access tokens from refresh tokens.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import type { Identity } from '../identity.ts'

/** Bytes of the longest token that we issue: gateways refuse longer headers. */
export const MAX_ISSUED = 4096
/** Bytes of the longest token that we read. */
export const MAX_READ = 16 * 1024
/** Seconds by which another's clock may differ from ours. */
export const LEEWAY = 60

/** Header `typ` of access tokens, as the Docker token specification has it. */
export const ACCESS_TYPE = 'JWT'
/**
 * `typ` of access tokens in the field (RFC 7519 section 5.1, RFC 9068 section 4); refresh tokens
 * have another.
 */
export const ACCESS_TYPES = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

/** Header `typ` of refresh tokens (RFC 8725 section 3.11). */
export const REFRESH_TYPE = 'refresh+jwt'

/**
 * Audience of refresh tokens. No service has such a name, so even a registry that ignores `typ` does
 * not mistake a refresh token for an access token.
 */
export const refreshAudience = (service: string): string => `slipway-refresh:${service}`

/** Header `typ` of the sessions of people. */
export const SESSION_TYPE = 'session+jwt'

/** Audience of sessions; as with refresh tokens, no service has such a name. */
export const sessionAudience = (service: string): string => `slipway-session:${service}`

/** Accounts of ours, and nobody: whom we issue tokens to that say no more than a name. */
export type OwnKind = Exclude<Identity['kind'], 'token' | 'aws' | 'certificate'>

/** `kind` of tokens that were issued in exchange for another issuer's: see ../exchange/. */
export const EXCHANGED = 'token'

/** `kind` of tokens that were issued to callers with credentials of AWS; `sub` is an ARN. */
export const OF_AWS = 'aws'

/** What `kind` may be. */
export type IssuedKind = OwnKind | typeof EXCHANGED | typeof OF_AWS

/** The claim that says which kind of account `sub` names. */
export const ownKind = z.enum(['anonymous', 'user', 'robot'])
