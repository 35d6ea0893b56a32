/**
 * Key sets of other issuers, fetched from their URL and cached.
 *
 * jose's `createRemoteJWKSet` is not used: it finds keys only by their own `kid`, reads responses of
 * any size, and requests them from a failing server again for every token.
 *
 * @module
 */

import { type Cached, cached } from '../../shared/cached.ts'
import { AccessError } from '../errors.ts'
import { keysOfJwks, type TrustedKey } from './key-set.ts'

/** Milliseconds until a key set is fetched again. */
const MAX_AGE = 10 * 60_000
/** Fewest milliseconds between two fetches: anyone can send tokens that name unknown keys. */
const COOLDOWN = 30_000
/** Milliseconds for which a key set is used while its server does not respond. */
const STALE = 60 * 60_000
/** Milliseconds that a response may take, body included. */
const TIMEOUT = 5_000
/** Bytes of the largest response. */
const MAX_SIZE = 256 * 1024

export interface RemoteJwksOptions {
  readonly url: string
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Default: the platform's. */
  readonly fetch?: typeof fetch
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Without TLS, anyone on the way could substitute their own keys. */
const checked = (text: string): URL => {
  const url = URL.parse(text)
  const safe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url && safe) return url
  throw new TypeError(`a JWKS URL must be https, or http to loopback: ${JSON.stringify(text)}`)
}

/** Reads a response as JSON, of at most {@link MAX_SIZE} bytes. */
const readJson = async (response: Response): Promise<unknown> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_SIZE) throw new Error(`the response is larger than ${MAX_SIZE} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks, size).toString())
}

/**
 * The keys at a URL. Nothing is fetched yet.
 *
 * `get` throws AccessError UNAVAILABLE when they cannot be fetched and none are remembered.
 *
 * @throws TypeError when the URL is not https, nor http to loopback
 */
export const remoteJwks = (options: RemoteJwksOptions): Cached<[], readonly TrustedKey[]> => {
  const { now, fetch: request = fetch } = options
  const url = checked(options.url)

  const load = async (): Promise<readonly TrustedKey[]> => {
    try {
      const response = await request(url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        // A redirect could lead off https, and a key set has no reason to move.
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new Error(`the response was ${response.status}`)
      }
      return await keysOfJwks(await readJson(response))
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
