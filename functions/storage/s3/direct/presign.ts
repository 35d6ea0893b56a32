/**
 * Presigned URLs.
 *
 * @module
 */
import { cached } from '../../../shared/cached.ts'
import type { DirectClient } from '../direct-client.ts'
import type { Method, Requests } from './requests.ts'

/** The most characters of URLs that are remembered: about five thousand URLs. */
const MAX_REMEMBERED = 8 * 1024 * 1024
/** Approximate number of characters of a URL with the session token of a role. */
const AVERAGE_URL = 1_500

/**
 * URLs for one method and object; see the port. Sends nothing. With temporary credentials, a URL
 * expires when they do.
 *
 * Signing is most of what a redirect costs, so a URL is reused for a fifth of its lifetime.
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
