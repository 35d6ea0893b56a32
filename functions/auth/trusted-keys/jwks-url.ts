/**
 * Key sets of other issuers, fetched from their URL and cached.
 *
 * jose's `createRemoteJWKSet` is not used: it finds keys only by their own `kid`, reads responses of
 * any size, and requests them from a failing server again for every token.
 *
 * @module
 */

import { type Cached, cached } from '../../shared/cached.ts'
import type { Connection } from '../../shared/outgoing.ts'
import { AccessError } from '../errors.ts'
import { fetchJson, issuerUrl } from './fetch-json.ts'
import { keysOfJwks, type TrustedKey } from './key-set.ts'

/** Milliseconds until a key set is fetched again. */
const MAX_AGE = 10 * 60_000
/** Fewest milliseconds between two fetches: anyone can send tokens that name unknown keys. */
const COOLDOWN = 30_000
/** Milliseconds for which a key set is used while its server does not respond. */
const STALE = 60 * 60_000

/** Keys that are fetched and remembered. */
export type RemoteKeys = Cached<[], readonly TrustedKey[]>

export interface RemoteJwksOptions extends Connection {
  readonly url: string
  /** Clock in milliseconds. */
  readonly now: () => number
}

/**
 * Keys that are fetched when they are first needed, and remembered.
 *
 * `get` throws AccessError UNAVAILABLE when they cannot be fetched and none are remembered.
 */
export const remoteKeys = (fetchSet: () => Promise<unknown>, now: () => number): RemoteKeys => {
  const load = async (): Promise<readonly TrustedKey[]> => {
    try {
      return await keysOfJwks(await fetchSet())
    } catch (cause) {
      throw new AccessError(
        'UNAVAILABLE',
        "the keys of the token's issuer cannot be fetched at the moment: try again later",
        { cause },
      )
    }
  }
  return cached(load, { now, maxAge: MAX_AGE, cooldown: COOLDOWN, stale: STALE })
}

/**
 * The keys at a URL; see {@link remoteKeys}. Nothing is fetched yet.
 *
 * @throws TypeError when the URL is not https, nor http to loopback
 */
export const remoteJwks = ({ url, now, ...connection }: RemoteJwksOptions): RemoteKeys => {
  const checked = issuerUrl(url, 'a JWKS URL')
  return remoteKeys(() => fetchJson(checked, connection), now)
}
