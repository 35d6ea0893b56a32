/**
 * Issuers found by their name alone (OpenID Connect Discovery 1.0 section 4; RFC 8414).
 *
 * @module
 */

import { type Cached, cached } from '../../shared/cached.ts'
import type { Connection } from '../../shared/outgoing.ts'
import * as z from '../../shared/schema.ts'
import { fetchJson, issuerUrl } from './fetch-json.ts'
import { type RemoteKeys, remoteKeys } from './jwks-url.ts'

/** Milliseconds until an issuer is asked again where its keys are. */
const MAX_AGE = 60 * 60_000
/** Milliseconds for which the place of its keys is used while it does not respond. */
const STALE = 24 * 60 * 60_000
const COOLDOWN = 30_000

const schema = z.looseObject({ issuer: z.string(), jwks_uri: z.string() })

/** What an issuer says of itself. */
export type Configuration = z.output<typeof schema>

export interface DiscoveryOptions extends Connection {
  /** The exact `iss` of its tokens, a URL. */
  readonly issuer: string
  /** Clock in milliseconds. */
  readonly now: () => number
}

/**
 * Where an issuer's configuration is: below its name, whatever path that has (OpenID Connect Discovery 1.0
 * section 4.1).
 *
 * @throws TypeError when the issuer is not https, nor http to loopback, or has a query or fragment
 */
export const configurationUrl = (issuer: string): URL => {
  const url = issuerUrl(issuer, 'the URL of an issuer whose keys are to be discovered')
  if (url.search !== '' || url.hash !== '') {
    throw new TypeError(`an issuer has neither a query nor a fragment: ${JSON.stringify(issuer)}`)
  }
  url.pathname = `${url.pathname.replace(/\/$/, '')}/.well-known/openid-configuration`
  return url
}

/**
 * What an issuer says of itself, fetched when it is first needed and remembered for an hour.
 *
 * @throws TypeError when the issuer is not a URL that can be used
 */
export const issuerConfiguration = ({
  issuer,
  now,
  ...connection
}: DiscoveryOptions): Cached<[], Configuration> => {
  const url = configurationUrl(issuer)

  const find = async (): Promise<Configuration> => {
    const found = schema.parse(await fetchJson(url, connection))
    if (found.issuer !== issuer) {
      // RFC 8414 section 3.3: another's configuration, or a name written in another way.
      throw new Error(`the configuration is of the issuer ${JSON.stringify(found.issuer)}`)
    }
    issuerUrl(found.jwks_uri, 'the jwks_uri of an issuer')
    return found
  }
  return cached(find, { now, maxAge: MAX_AGE, stale: STALE, cooldown: COOLDOWN })
}

/**
 * The keys of an issuer, at the place that its configuration names. Nothing is fetched yet.
 *
 * @throws TypeError when the issuer is not a URL that can be used
 */
export const discoveredKeys = (options: DiscoveryOptions): RemoteKeys => {
  const { issuer: _, now, ...connection } = options
  const configuration = issuerConfiguration(options)
  return remoteKeys(async () => {
    const { jwks_uri } = await configuration.get()
    return fetchJson(new URL(jwks_uri), connection)
  }, now)
}
