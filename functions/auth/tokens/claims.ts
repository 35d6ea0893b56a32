/**
 * What our tokens say, and what keeps an access token and a refresh token apart.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Identity } from '../identity.ts'

/** Bytes of the longest token we issue: gateways take no longer headers. */
export const MAX_ISSUED = 4096
/** Bytes of the longest token we read. */
export const MAX_READ = 16 * 1024
/** Seconds that another's clock may differ from ours. */
export const LEEWAY = 60

/** Header `typ` of access tokens, as the Docker token specification has it. */
export const ACCESS_TYPE = 'JWT'
/** `typ` of access tokens in the field (RFC 7519 section 5.1, RFC 9068 section 4); refresh is none. */
export const ACCESS_TYPES = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

/** Header `typ` of refresh tokens (RFC 8725 section 3.11). */
export const REFRESH_TYPE = 'refresh+jwt'

/**
 * Audience of refresh tokens. No service is called that, so even a registry that looks at no `typ`
 * takes no refresh token for an access token.
 */
export const refreshAudience = (service: string): string => `slipway-refresh:${service}`

/** Whom we issue tokens to: all identities but those of other issuers. */
export type OwnKind = Exclude<Identity['kind'], 'token'>

/** The claim that says which kind of account `sub` names. */
export const ownKind = z.enum(['anonymous', 'user', 'robot'])

/**
 * What a refresh token remembers of the credential it was given for. One-way, so that the token
 * shows its bearer nothing of a password's hash.
 */
export const fingerprint = (credential: string): string =>
  createHash('sha256').update(`slipway-credential\0${credential}`).digest('base64url')
