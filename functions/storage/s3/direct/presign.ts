/**
 * URLs that carry their own authorisation.
 *
 * @module
 */
import { cached } from '../../../shared/cached.ts'
import type { DirectClient } from '../direct-client.ts'
import type { Method, Requests } from './requests.ts'

/** Characters of URLs that are remembered: some five thousand of them. */
const MAX_REMEMBERED = 8 * 1024 * 1024
/** Characters of a URL with the token of a role, about. */
const AVERAGE_URL = 1_500

/**
 * URLs for one method and object; see the port. Sends nothing. A URL ends with the credentials that
 * sign it, when those are temporary.
 *
 * To sign is the most of what a redirect costs, so a URL serves for a fifth of its life.
 */
export const createPresign = (requests: Requests): DirectClient['presign'] => {
  const urls = cached(
    (method: Method, key: string, expiresIn: number, contentType: string | undefined) => {
      const query = contentType === undefined ? {} : { 'response-content-type': contentType }
      return requests.presigned(method, key, query, expiresIn)
    },
    {
      maxAge: (_method, _key, expiresIn) => (expiresIn * 1000) / 5,
      capacity: MAX_REMEMBERED,
      sizeOf: (_, _method, key) => key.length + AVERAGE_URL,
    },
  )
  return (method, key, { expiresIn, contentType }) => urls.get(method, key, expiresIn, contentType)
}
