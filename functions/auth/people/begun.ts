/**
 * What the registry has to remember between the start of a log-in and its end: the browser keeps it, sealed, in a
 * cookie. So any instance can finish what another one began, and strangers cause neither writes nor signatures.
 *
 * It is encrypted, as the PKCE verifier in it is a secret until the code has been redeemed.
 *
 * @module
 */

import { hkdfSync } from 'node:crypto'
import { decrypt, encrypt } from '../../shared/encrypted.ts'
import * as z from '../../shared/schema.ts'
import { AccessError } from '../errors.ts'

/** Seconds in which somebody has to log in at the issuer. */
export const LOG_IN_LIFE = 10 * 60

const schema = z.object({
  /** The issuer that somebody was sent to. */
  at: z.string(),
  /** Says that the response is to this request (RFC 6749 section 10.12). */
  state: z.string(),
  /** Says that the ID token is for this request (OpenID Connect Core section 3.1.2.1). */
  nonce: z.string(),
  /** Says that the code is redeemed by who requested it (RFC 7636). */
  verifier: z.string(),
  /** Where to go afterwards: a path of this registry. */
  returnTo: z.string(),
  /** Seconds since 1970. */
  since: z.int(),
})

/** A log-in that was begun. */
export type Begun = Readonly<z.output<typeof schema>>

/** The key of these cookies, derived from the secret of upload states: it is kept nowhere. */
const keyOf = (root: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', root, '', 'slipway log-in 1', 32))

/** Seals a log-in for the browser. @param root the 32 bytes that seal upload states */
export const sealBegun = (root: Uint8Array, begun: Begun): string => encrypt(begun, keyOf(root))

/**
 * Opens what {@link sealBegun} sealed.
 *
 * @param now milliseconds since 1970
 * @throws AccessError UNAUTHORIZED for anything else, and for what is too old
 */
export const openBegun = (root: Uint8Array, text: string, now: number): Begun => {
  const { data } = schema.safeParse(decrypt(text, keyOf(root)))
  if (data !== undefined && now < (data.since + LOG_IN_LIFE) * 1000) return data
  throw new AccessError(
    'UNAUTHORIZED',
    'the log-in was not begun in this browser, or more than ten minutes ago: begin again at /auth/login',
  )
}
