/**
 * JSON of other issuers: their key sets, and what says where these are.
 *
 * @module
 */

import { type Connection, getFrom } from '../../shared/outgoing.ts'
import { secureUrl } from '../../shared/secure-url.ts'
import { readAll } from '../../storage/bytes.ts'

/** Milliseconds that a response may take, body included. */
const TIMEOUT = 5_000
/** Bytes of the largest response. */
const MAX_SIZE = 256 * 1024

/**
 * A URL that is https, or http to loopback: without TLS, anyone on the way could substitute their own keys.
 *
 * @throws TypeError for any other
 */
export const issuerUrl = (text: string, what: string): URL => {
  const url = secureUrl(text)
  if (url) return url
  throw new TypeError(`${what} must be https, or http to loopback: ${JSON.stringify(text)}`)
}

/**
 * Fetches JSON. No redirect is followed: it could lead off https, and a key set has no reason to move.
 *
 * @throws Error when it cannot be fetched in time, is too large, or is not JSON
 */
export const fetchJson = async (url: URL, connection: Connection): Promise<unknown> => {
  const response = await getFrom(url, {
    ...connection,
    headers: { accept: 'application/json, application/jwk-set+json' },
    signal: AbortSignal.timeout(TIMEOUT),
  })
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`the response was ${response.statusCode}`)
  }
  return JSON.parse(Buffer.from(await readAll(response, MAX_SIZE)).toString())
}
