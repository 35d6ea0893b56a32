/**
 * Who makes a request, and the credentials in its Authorization header.
 *
 * @module
 */

import { createHash } from 'node:crypto'

/** A caller, as far as it is known. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'robot' | 'token' | 'aws' | 'certificate'
  /**
   * Account name, the `sub` of another issuer's token, the ARN of a user or role of AWS, or the subject of a
   * certificate; empty for anonymous callers.
   */
  readonly name: string
  readonly groups: readonly string[]
  /** Claims of another issuer's token, or attributes of a certificate's subject; else empty. */
  readonly claims: Readonly<Record<string, unknown>>
}

export const ANONYMOUS: Identity = { kind: 'anonymous', name: '', groups: [], claims: {} }

/** Robots log in with this before their name; the name of a user cannot begin with it. */
export const ROBOT_PREFIX = 'robot+'

/** Whether an account is a robot's, as it logs in. */
export const isRobot = (account: string): boolean => account.startsWith(ROBOT_PREFIX)

/** A robot's name without `robot+`, or undefined if it is not a robot's. */
export const robotName = (account: string): string | undefined =>
  isRobot(account) ? account.slice(ROBOT_PREFIX.length) : undefined

/** An identity as it appears in the audit trail. */
export const nameOf = ({ kind, name }: Identity): string =>
  kind === 'anonymous' ? kind : `${kind}:${name}`

/** Basic credentials (RFC 7617). */
export interface BasicCredentials {
  readonly name: string
  readonly password: string
}

/** Credentials in an Authorization header; undefined if it is not of the Basic scheme. */
export const parseBasic = (authorization: string | undefined): BasicCredentials | undefined => {
  const [, encoded] = authorization?.match(/^basic +([A-Za-z0-9+/_-]+=*) *$/i) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

/**
 * Whether what was sent as a password is a signed JWT. No password is: they have at most 72 bytes, and the
 * secrets of robots no dots.
 */
export const isJwt = (password: string): boolean =>
  password.length > 72 && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(password)

/**
 * Whether what was sent as a password is JSON in base64, as a signed request is. No password is: they have at
 * most 72 bytes; and JWTs have dots.
 */
export const isSignedRequest = (password: string): boolean =>
  password.length > 72 && /^eyJ[\w+/-]+={0,2}$/.test(password)

/** The token in an Authorization header; undefined if it is not of the Bearer scheme (RFC 6750). */
export const parseBearer = (authorization: string | undefined): string | undefined =>
  authorization?.match(/^bearer +(\S+) *$/i)?.[1]

/**
 * What our tokens and uploads contain of the credential they were issued for. It is one-way, so that they
 * tell their bearer nothing about a password's hash.
 */
export const fingerprint = (credential: string): string =>
  createHash('sha256').update(`slipway-credential\0${credential}`).digest('base64url')
