/**
 * The content of `/.well-known/jwks.json`: the keys with which other registries and gateways verify
 * our tokens; and of `/.well-known/openid-configuration`, which leads there.
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

/** How to verify tokens of an issuer (OpenID Connect Discovery 1.0 section 3), as far as tokens here are OpenID's. */
export interface Discovery {
  readonly issuer: string
  readonly jwks_uri: string
  readonly token_endpoint: string
  readonly response_types_supported: readonly string[]
  readonly subject_types_supported: readonly string[]
  readonly id_token_signing_alg_values_supported: readonly string[]
}

/** What an issuer says of itself. @returns undefined where its name is no URL, so that nobody can look there */
export const discoveryOf = (issuer: string): Discovery | undefined => {
  if (!/^https?:\/\//.test(issuer)) return undefined
  const base = issuer.replace(/\/$/, '')
  return {
    issuer,
    jwks_uri: `${base}/.well-known/jwks.json`,
    token_endpoint: `${base}/token`,
    // Nobody is sent here to log in: tokens come from the token endpoint alone.
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}
