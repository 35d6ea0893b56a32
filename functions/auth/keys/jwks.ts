/**
 * The content of `/.well-known/jwks.json`: the keys with which other registries and gateways verify
 * our tokens.
 *
 * @module
 */

import type { PublicJwk, SigningKeys } from './signing-keys.ts'

/** A JSON Web Key Set (RFC 7517 section 5) of public keys only. */
export interface PublicJwks {
  readonly keys: readonly PublicJwk[]
}

/** Seconds for which others may cache our key set: less than a new key waits before it signs. */
export const JWKS_MAX_AGE = 300

/** The key set to publish, to be served as `application/json` for {@link JWKS_MAX_AGE} seconds. */
export const publishedJwks = async (keys: SigningKeys): Promise<PublicJwks> => ({
  keys: await keys.published(),
})
